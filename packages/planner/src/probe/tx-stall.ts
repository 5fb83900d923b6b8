/**
 * Tells a NIC that takes frames and sends none from one that is busy: its driver takes no frame of ours, time after
 * time, and in all that time it has sent nothing. Flow control may stop a port for a moment; hence the patience.
 */
export class TxStall {
  readonly #patienceMs: number;
  #refused: { readonly sinceMs: number; readonly sent: number } | undefined;
  #stalled = false;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /**
   * Whether it is stalled now. `taken`: whether the driver took any of the frames just sent; undefined where there were
   * none. `sent`: how many frames the link ever sent, asked only while frames are refused.
   */
  look(nowMs: number, taken: boolean | undefined, sent: () => number): boolean {
    if (taken === undefined) return this.#stalled;
    if (taken) {
      this.#refused = undefined;
      this.#stalled = false;
    } else {
      const count = sent();
      if (this.#refused?.sent !== count) this.#refused = { sinceMs: nowMs, sent: count };
      this.#stalled = nowMs - this.#refused.sinceMs >= this.#patienceMs;
    }
    return this.#stalled;
  }
}
