import { Arrears, type Balanced, BUCKETS, balance, type Load, smoothRates } from "@gona/planner";

/** A vif that was silent for so long starts anew. */
const FORGET_MS = 2000;
/** Flows stray and return at once, so a look's strays are believed by half. */
const STRAY_MEMORY_S = 0.4;
/** How fast a slice that nobody holds back any more is believed to have its limit again, per second. */
const RECOVERY = 1.05;
/** Part of its limit that a slice is taken to have at least: what it needs to show that it has more. */
const LEAST_LEFT = 0.05;
/** After a look that found nothing better though slices are uneven, the next is worth its time only so much later. */
const FRUITLESS_MS = 500;
const UNEVEN = 0.03;

/** What one look found. */
export interface VifLook {
  readonly nowMs: number;
  /** Since the look before at any vif. */
  readonly seconds: number;
  /** Sent ever, by bucket. */
  readonly bucketBytes: Float64Array;
  /** Sent ever, by slice number. */
  readonly sliceBytes: readonly number[];
  /** In force since before the look. */
  readonly table: Uint8Array;
  /** Bytes/s by slice number; 0: not to be used. */
  readonly capacities: readonly number[];
  /** Bytes/s at which slices drained that neighbours hold below their limits, by slice number. */
  readonly drains: readonly (number | undefined)[];
}

/** What the balancer remembers of one vif that is, or was a moment ago, busy. */
export class VifBalance {
  #last: VifLook | undefined;
  #rates: Float64Array | undefined;
  #strayed: number[] = [];
  /** What neighbours leave each slice, as last seen. */
  readonly #left: (number | undefined)[] = [];
  readonly #arrears = new Arrears();
  /** Part of all by slice number that the last look planned. */
  #planned: readonly number[] | undefined;
  #quietUntilMs = 0;
  readonly #movedMs = new Float64Array(BUCKETS).fill(Number.NEGATIVE_INFINITY);

  /** When it was last looked at. */
  get lookedMs(): number {
    return this.#last?.nowMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Takes a look in; what it comes to, undefined where nothing can be said yet. */
  look(look: VifLook): Balanced | undefined {
    const last = this.#last;
    this.#last = look;
    if (last === undefined) return undefined;
    const bytes = new Float64Array(BUCKETS);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      bytes[bucket] = (look.bucketBytes[bucket] as number) - (last.bucketBytes[bucket] as number);
      // Another vif has the slot now.
      if ((bytes[bucket] as number) < 0) return undefined;
    }
    const isFresh = look.nowMs - last.nowMs > FORGET_MS;
    this.#rates = smoothRates(isFresh ? undefined : this.#rates, bytes, look.seconds);
    this.#reckonStrays(look, last, bytes, isFresh);
    this.#reckonArrears(look, last, isFresh);
    const slices = look.capacities.map((limit, slice) => ({
      capacity: this.#capacity(limit, slice, look),
      strayed: (this.#strayed[slice] ?? 0) + this.#arrears.of(slice),
    }));
    const { nowMs, table } = look;
    const isLost = table.some((slice) => (look.capacities[slice] ?? 0) <= 0);
    if (!isLost && nowMs < this.#quietUntilMs) return undefined;
    const balanced = balance({ table, rates: this.#rates, slices, nowMs, movedMs: this.#movedMs });
    this.#planned = partsOf(balanced.after);
    for (const { bucket } of balanced.moves) this.#movedMs[bucket] = nowMs;
    const isFruitless = balanced.moves.length === 0 && balanced.before.spread > UNEVEN;
    this.#quietUntilMs = isFruitless ? nowMs + FRUITLESS_MS : 0;
    return balanced;
  }

  /** What slices sent beyond their buckets: flows that left them. Nothing can be said of a look in which the table changed. */
  #reckonStrays(look: VifLook, last: VifLook, bytes: Float64Array, isFresh: boolean): void {
    if (isFresh) this.#strayed = [];
    if (look.table !== last.table) return;
    const expected = look.capacities.map(() => 0);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const slice = look.table[bucket] as number;
      expected[slice] = (expected[slice] ?? 0) + (bytes[bucket] as number);
    }
    const part = 1 - Math.exp(-look.seconds / STRAY_MEMORY_S);
    this.#strayed = expected.map((expectedBytes, slice) => {
      const sent = (look.sliceBytes[slice] ?? 0) - (last.sliceBytes[slice] ?? 0);
      const strayed = (sent - expectedBytes) / look.seconds;
      const known = this.#strayed[slice] ?? 0;
      return isFresh ? strayed : known + part * (strayed - known);
    });
  }

  #reckonArrears({ sliceBytes, capacities, seconds }: VifLook, last: VifLook, isFresh: boolean): void {
    if (isFresh || this.#planned === undefined) {
      this.#arrears.forget();
      return;
    }
    const sent = sliceBytes.map((bytes, slice) => Math.max(0, bytes - (last.sliceBytes[slice] ?? 0)));
    this.#arrears.reckon(sent, this.#planned, capacities, seconds);
  }

  /** Of a slice that neighbours held back its limit is believed again by and by, else it would be overfilled in turns. */
  #capacity(limit: number, slice: number, { drains, seconds }: VifLook): number {
    if (limit <= 0) {
      this.#left[slice] = undefined;
      return 0;
    }
    const known = Math.max(LEAST_LEFT * limit, drains[slice] ?? (this.#left[slice] ?? limit) * RECOVERY ** seconds);
    const left = Math.min(limit, known);
    this.#left[slice] = left;
    return left;
  }
}

function partsOf({ carried }: Load): readonly number[] {
  const positive = carried.map((rate) => Math.max(0, rate));
  const total = positive.reduce((a, b) => a + b, 0);
  return positive.map((rate) => (total === 0 ? 0 : rate / total));
}
