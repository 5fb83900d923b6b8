/** How far back a late datagram is still told from a duplicate; a power of two. */
const MEMORY = 1 << 17;

/** Shorter ones break no promise. */
const LONG_NS = 1e6;

/** A time in which nothing came although the sender sent, nanoseconds on the account's clock. */
export interface Quiet {
  readonly fromNs: number;
  readonly toNs: number;
  /** In it, or overlapping it, the sender itself paused for so long before the datagram that ended it; 0: it did not. */
  readonly pauseNs: number;
  /** When that datagram was sent. */
  readonly sentNs: number;
}

/** The longest times without a datagram since the last call. */
export interface Gaps {
  /** Less the sender's own pauses. */
  readonly gapNs: number;
  /** As it was. */
  readonly rawGapNs: number;
  /** Each that was longer than 1 ms, less the sender's own pauses. */
  readonly quiet: readonly Quiet[];
}

/** Totals since number 0. */
export interface SequenceTotals {
  /** Distinct datagrams. */
  readonly received: number;
  /** Sequence numbers up to the highest seen that have not come. */
  readonly lost: number;
  /** Came after one that was sent later. */
  readonly reordered: number;
  readonly duplicated: number;
}

/**
 * The book of one stream of numbered datagrams. Pure: times are arguments, nanoseconds on one clock
 * for sender and receiver.
 */
export class SequenceAccount {
  readonly #intervalNs: number;
  /** Slot -> sequence number + 1, so that 0 is "nothing yet". */
  readonly #seen = new Float64Array(MEMORY);
  #highest = -1;
  #received = 0;
  #reordered = 0;
  #duplicated = 0;
  #last: { sequence: number; sentNs: number; arrivedNs: number } | undefined;
  #gapNs = 0;
  #rawGapNs = 0;
  #quiet: Quiet[] = [];

  /** @param intervalNs between two datagrams of the sender */
  constructor(intervalNs: number) {
    this.#intervalNs = intervalNs;
  }

  receive(sequence: number, sentNs: number, arrivedNs: number): void {
    const slot = sequence & (MEMORY - 1);
    if (this.#seen[slot] === sequence + 1) {
      this.#duplicated += 1;
      return;
    }
    this.#seen[slot] = sequence + 1;
    this.#received += 1;
    if (sequence > this.#highest) this.#highest = sequence;
    else this.#reordered += 1;
    const last = this.#last;
    if (last === undefined) {
      this.#last = { sequence, sentNs, arrivedNs };
      return;
    }
    const gap = arrivedNs - last.arrivedNs;
    if (gap > this.#rawGapNs) this.#rawGapNs = gap;
    // What the sender itself paused beyond its interval is not the network's doing.
    const pause = Math.max(0, sentNs - last.sentNs - (sequence - last.sequence) * this.#intervalNs);
    const net = gap - pause;
    if (net > this.#gapNs) this.#gapNs = net;
    if (net > LONG_NS) this.#quiet.push({ fromNs: last.arrivedNs, toNs: arrivedNs, pauseNs: pause, sentNs });
    last.sequence = sequence;
    last.sentNs = sentNs;
    last.arrivedNs = arrivedNs;
  }

  get totals(): SequenceTotals {
    return {
      received: this.#received,
      lost: this.#highest + 1 - this.#received,
      reordered: this.#reordered,
      duplicated: this.#duplicated,
    };
  }

  takeGaps(): Gaps {
    const gaps = { gapNs: this.#gapNs, rawGapNs: this.#rawGapNs, quiet: this.#quiet };
    this.#gapNs = 0;
    this.#rawGapNs = 0;
    this.#quiet = [];
    return gaps;
  }

  /** How long nothing has come by `nowNs`; 0 before the first datagram. */
  silenceNs(nowNs: number): number {
    return this.#last === undefined ? 0 : Math.max(0, nowNs - this.#last.arrivedNs);
  }
}
