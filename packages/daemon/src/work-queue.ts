/**
 * Runs one piece of work at a time, in order. Work under a key that already waits is not queued
 * twice: the caller gets the promise of the one that waits (it has not read the world yet).
 */
export class WorkQueue {
  readonly #waiting = new Map<string, Promise<unknown>>();
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    // The queue goes on after a failure; the failure itself is the caller's, through `result`.
    this.#tail = result.catch(() => undefined);
    return result;
  }

  runOnce(key: string, work: () => Promise<void>): Promise<void> {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return waiting as Promise<void>;
    const result = this.run(async () => {
      this.#waiting.delete(key);
      await work();
    });
    this.#waiting.set(key, result);
    return result;
  }

  /** When all that was queued so far has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
