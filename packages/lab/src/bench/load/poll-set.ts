import { errno, errnoName, KernelError, libc } from "@gona/kernel";

export const POLLIN = 1;
export const POLLOUT = 4;
const ENTRY_BYTES = 8;

/** Files that are asked together which of them can go on; struct pollfd[]. */
export class PollSet {
  #bytes = new Uint8Array(64 * ENTRY_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Returns its index. */
  add(fd: number, events: number): number {
    if (this.#count * ENTRY_BYTES === this.#bytes.length) {
      const bigger = new Uint8Array(this.#bytes.length * 2);
      bigger.set(this.#bytes);
      this.#bytes = bigger;
      this.#view = new DataView(bigger.buffer);
    }
    this.#view.setInt32(this.#count * ENTRY_BYTES, fd, true);
    this.#view.setInt16(this.#count * ENTRY_BYTES + 4, events, true);
    this.#count += 1;
    return this.#count - 1;
  }

  /** Begins anew: indexes are given from 0 again. */
  clear(): void {
    this.#count = 0;
  }

  /** Not asked any more; its index stays. */
  drop(index: number): void {
    this.#view.setInt32(index * ENTRY_BYTES, -1, true);
  }

  /** Waits until one can, or until the time is over. Throws KernelError. */
  wait(timeoutMs: number): void {
    const ready = libc.poll(this.#bytes, this.#count, timeoutMs);
    if (ready < 0 && errnoName(errno()) !== "EINTR") throw new KernelError("poll", errnoName(errno()), "");
  }

  /** What `wait` found; 0: nothing. Errors and hang-ups count. */
  found(index: number): number {
    return this.#view.getInt16(index * ENTRY_BYTES + 6, true);
  }
}
