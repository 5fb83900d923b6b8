import { equalBytes, equalData } from "./equal-data.ts";

type Fill = (weights: readonly number[], previous?: Uint8Array) => Uint8Array;

interface Filled {
  readonly fill: Fill;
  readonly weights: readonly number[];
  readonly previous: Uint8Array | undefined;
  readonly table: Uint8Array;
}

/** More kinds of guests than that gain nothing from each other. */
const REMEMBERED = 8;

/**
 * Bucket tables of one planning. When a NIC is lost, a thousand guests get new tables, most of them
 * the same as each other's: then they are made once, and are one reference.
 */
export class TableMemo {
  readonly #filled: Filled[] = [];

  /** What `fill(weights, previous)` gives. */
  fill(fill: Fill, weights: readonly number[], previous: Uint8Array | undefined): Uint8Array {
    for (const known of this.#filled) {
      if (known.fill !== fill || !equalData(known.weights, weights)) continue;
      if (known.previous === previous) return known.table;
      if (known.previous !== undefined && previous !== undefined && equalBytes(known.previous, previous)) {
        return known.table;
      }
    }
    const table = fill(weights, previous);
    this.#filled.unshift({ fill, weights, previous, table });
    this.#filled.length = Math.min(this.#filled.length, REMEMBERED);
    return table;
  }
}
