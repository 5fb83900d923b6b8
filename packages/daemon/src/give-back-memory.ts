import { trimMemory } from "@gona/kernel";
import type { Clock } from "./clock.ts";

/** Large work that follows closer than this shares one collection. */
const AFTER_MS = 3000;

/**
 * Collects all garbage and hands the room back to the kernel, some 50 ms with 1,000 guests. V8 and the C library would
 * keep what a large apply needed until the next one; the daemon is idle for days in between. No garbage is collected
 * where Node was started without --expose-gc (the launcher gives it).
 */
export function giveBackMemory(): void {
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  trimMemory();
}

/** Gives memory back some seconds after large work, once it is quiet. */
export class MemoryGiver implements Disposable {
  readonly #clock: Clock;
  readonly #give: () => void;
  #later: Disposable | undefined;
  #tookMs = 0;

  constructor(clock: Clock, give: () => void = giveBackMemory) {
    this.#clock = clock;
    this.#give = give;
  }

  /** How long it took the last time. */
  get tookMs(): number {
    return this.#tookMs;
  }

  /** Called at the end of work that made much garbage. */
  soon(): void {
    this.#later?.[Symbol.dispose]();
    this.#later = this.#clock.after(AFTER_MS, () => {
      const startMs = this.#clock.monotonicMs();
      this.#give();
      this.#tookMs = this.#clock.monotonicMs() - startMs;
    });
  }

  [Symbol.dispose](): void {
    this.#later?.[Symbol.dispose]();
  }
}
