/**
 * Collects all garbage and hands the room back to the kernel, some 50 ms with 1,000 guests. V8 would
 * keep what a large apply needed until the next one; the daemon is idle for days in between. Does
 * nothing where Node was started without --expose-gc (the launcher gives it).
 */
export function giveBackMemory(): void {
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}
