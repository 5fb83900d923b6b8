const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Pauses between retries: half a second, doubled up to half a minute. */
export class Backoff {
  #failures = 0;

  /** The pause after one more failure. */
  next(): number {
    return Math.min(FIRST_MS * 2 ** this.#failures++, LONGEST_MS);
  }

  reset(): void {
    this.#failures = 0;
  }
}
