import { BUCKETS } from "../bucket-table.ts";
import { type Item, Load } from "./load.ts";
import { isElephant, spreadItems } from "./spread-items.ts";

/** One slice as the balancer sees it. */
export interface BalanceSlice {
  /** Bytes/s that it may send: its limit, or what neighbours leave it; 0: no bucket may point to it. */
  readonly capacity: number;
  /** Bytes/s beyond what its buckets send: of flows that left their bucket's slice, and its Arrears; may be negative. */
  readonly strayed?: number;
}

export interface BalanceInput {
  /** Bucket -> slice number, as it is. */
  readonly table: Uint8Array;
  /** Bytes/s by bucket; smoothRates() of the looks so far. */
  readonly rates: Float64Array;
  /** By slice number. */
  readonly slices: readonly (BalanceSlice | null)[];
  readonly nowMs: number;
  /** When each bucket last moved, by the same clock; -Infinity: never. */
  readonly movedMs: Float64Array;
}

/**
 * `lost`: its slice may not be used; `elephant`: it sends so much that its place decides; `beside-elephant`:
 * it makes room for one; `level`: its slice was in use more than the other.
 */
export type MoveReason = "lost" | "elephant" | "beside-elephant" | "level";

export interface BucketMove {
  readonly bucket: number;
  readonly from: number;
  readonly to: number;
  readonly bytesPerSecond: number;
  readonly reason: MoveReason;
}

export interface Balanced {
  /** The input's own where nothing moves. */
  readonly table: Uint8Array;
  readonly moves: readonly BucketMove[];
  readonly before: Load;
  readonly after: Load;
}

/** Spread (of the fair share) that is let be: below it noise is larger than the gain. */
const TRIGGER = 0.03;
/** What all moves of a look must bring: so much less spread, or, beside elephants, so much lower a peak. */
const SPREAD_GAIN = 0.2;
const PEAK_GAIN = 0.02;
/** Below 400 kbit/s in all there is nothing to gain. */
const LEAST_BYTES_PER_S = 50_000;
/** A bucket that moved stays for so long, so that what it does to its new slice is seen first. */
const REST_MS = 1000;
const ELEPHANT_REST_MS = 4000;

/**
 * The fewest moves of buckets that bring slices in line with their capacities. Nothing moves without a gain
 * that is worth it, but for buckets of slices that may not be used: those always do. Where no slice may be
 * used, nothing does.
 */
export function balance(input: BalanceInput): Balanced {
  const { table, rates, slices, nowMs, movedMs } = input;
  const capacities = slices.map((slice) => slice?.capacity ?? 0);
  const isUsable = (slice: number) => (capacities[slice] ?? 0) > 0;
  const beyond = slices.map((slice, number) => (isUsable(number) ? (slice?.strayed ?? 0) : 0));
  const present = presentLoad(table, rates, capacities, beyond);
  const idle = { table, moves: [], before: present, after: present };
  const rescues = table.some((slice) => !isUsable(slice));
  if (present.usable.length === 0) return idle;
  // The common case of each look costs no more than this.
  if (!rescues && (present.total < LEAST_BYTES_PER_S || present.spread <= TRIGGER)) return idle;
  const items: Item[] = [];
  const idleLost: number[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const at = table[bucket] as number;
    const rate = rates[bucket] ?? 0;
    if (rate <= 0) {
      if (!isUsable(at)) idleLost.push(bucket);
      continue;
    }
    const restMs = isElephant(rate, present) ? ELEPHANT_REST_MS : REST_MS;
    const rests = isUsable(at) && nowMs - (movedMs[bucket] ?? Number.NEGATIVE_INFINITY) < restMs;
    items.push(rests ? { id: bucket, rate, at, fixed: true } : { id: bucket, rate, at });
  }
  const { at, before, after } = spreadItems({ items, capacities, beyond });
  const gains =
    before.total >= LEAST_BYTES_PER_S &&
    before.spread > TRIGGER &&
    (after.spread <= before.spread * (1 - SPREAD_GAIN) || after.peak <= before.peak * (1 - PEAK_GAIN));
  // With a rescue the spread before says nothing: the slice that is gone is not in it.
  if (!gains && !rescues) return idle;
  const crowded = new Set(items.filter(({ rate }) => isElephant(rate, before)).map((item) => item.at));
  const moves: BucketMove[] = [];
  const moved = table.slice();
  for (const [place, item] of items.entries()) {
    const to = at[place] as number;
    if (to === item.at) continue;
    moved[item.id] = to;
    const isLost = !isUsable(item.at);
    const large = isElephant(item.rate, before);
    const reason = isLost ? "lost" : large ? "elephant" : crowded.has(item.at) ? "beside-elephant" : "level";
    moves.push({ bucket: item.id, from: item.at, to, bytesPerSecond: item.rate, reason });
  }
  moves.push(...rehomed(moved, idleLost, capacities));
  return moves.length === 0 ? idle : { table: moved, moves, before, after };
}

function presentLoad(
  table: Uint8Array,
  rates: Float64Array,
  capacities: readonly number[],
  beyond: readonly number[],
): Load {
  const carried = [...beyond];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const slice = table[bucket] as number;
    carried[slice] = (carried[slice] ?? 0) + (rates[bucket] ?? 0);
  }
  return new Load(capacities, carried);
}

/** Buckets that sent nothing, from slices that may not be used: in proportion to the capacities. Changes `table`. */
function rehomed(table: Uint8Array, buckets: readonly number[], capacities: readonly number[]): readonly BucketMove[] {
  const counts = capacities.map(() => 0);
  for (const slice of table) counts[slice] = (counts[slice] ?? 0) + 1;
  return buckets.map((bucket) => {
    let to = -1;
    for (const [slice, capacity] of capacities.entries()) {
      if (capacity <= 0) continue;
      const after = ((counts[slice] ?? 0) + 1) / capacity;
      if (to < 0 || after < ((counts[to] ?? 0) + 1) / (capacities[to] as number)) to = slice;
    }
    counts[to] = (counts[to] ?? 0) + 1;
    const from = table[bucket] as number;
    table[bucket] = to;
    return { bucket, from, to, bytesPerSecond: 0, reason: "lost" };
  });
}
