import type { Measured } from "../output/views.ts";

interface Counted {
  readonly txBytes: number;
  readonly rxBytes: number;
}

/** Turns counters into rates between one look and the next. */
export class RatesSince<Row extends Counted> {
  readonly #keyOf: (row: Row) => string;
  #last = new Map<string, Row>();
  #lastMs = 0;

  constructor(keyOf: (row: Row) => string) {
    this.#keyOf = keyOf;
  }

  /** The rows, each with its rates since the last call; without them where it is new or was counted anew. */
  measure(rows: readonly Row[], nowMs: number): readonly (Row & Measured)[] {
    const seconds = (nowMs - this.#lastMs) / 1000;
    const before = this.#last;
    this.#last = new Map(rows.map((row) => [this.#keyOf(row), row]));
    this.#lastMs = nowMs;
    return rows.map((row) => {
      const old = before.get(this.#keyOf(row));
      if (old === undefined || seconds <= 0 || row.txBytes < old.txBytes || row.rxBytes < old.rxBytes) return row;
      return {
        ...row,
        txBitsPerSecond: ((row.txBytes - old.txBytes) * 8) / seconds,
        rxBitsPerSecond: ((row.rxBytes - old.rxBytes) * 8) / seconds,
      };
    });
  }
}
