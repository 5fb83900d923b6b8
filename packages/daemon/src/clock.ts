/** Time as the daemon sees it; tests hand in one that they move themselves. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number;
  /** Never goes back; milliseconds from an arbitrary start, fractional. */
  monotonicMs(): number;
  /** Runs once after the delay unless disposed before. Does not keep the process alive. */
  after(delayMs: number, run: () => void): Disposable;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** As the wire wants it. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
