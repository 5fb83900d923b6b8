import { descend, EVEN } from "./descend.ts";
import { type Item, Load } from "./load.ts";
import { MOST_ELEPHANTS, packElephants } from "./pack.ts";

/** An item is an elephant where it sends more than this part of what a slice would on average. */
const ELEPHANT = 0.1;
/** How much lower a new packing's peak must be than that of plain moves, to be worth carrying elephants about. */
const REPACK_GAIN = 0.02;

export interface SpreadInput {
  readonly items: readonly Item[];
  /** Bytes/s by slice; 0: not usable. */
  readonly capacities: readonly number[];
  /** Bytes/s that each slice carries beyond what its items say; may be negative. */
  readonly beyond?: readonly number[];
}

export interface Spread {
  /** Slice of each item, by its place in the input. */
  readonly at: readonly number[];
  /** Before, and with `at`. */
  readonly before: Load;
  readonly after: Load;
}

export const isElephant = (rate: number, load: Load): boolean =>
  rate > (ELEPHANT * load.total) / Math.max(1, load.usable.length);

/**
 * Where items should be so that slices are in use alike. What is on a slice that carries nothing goes to
 * the emptiest, the largest first; then the fewest moves level the rest; where that leaves a slice too
 * full, its elephants are packed anew and the mice make room.
 */
export function spreadItems({ items, capacities, beyond = [] }: SpreadInput): Spread {
  const carried = capacities.map((_, slice) => beyond[slice] ?? 0);
  for (const { rate, at } of items) carried[at] = (carried[at] ?? 0) + rate;
  const before = new Load(capacities, carried);
  const rescued = rescue(items, before);
  const load = rescued.load.copy();
  const at = descend(items, load, rescued.at);
  if (load.spread <= EVEN) return { at, before, after: load };
  const movable = [...items.keys()]
    .filter((place) => items[place]?.fixed !== true && (items[place]?.rate ?? 0) > 0)
    .sort((a, b) => (items[b]?.rate ?? 0) - (items[a]?.rate ?? 0) || a - b);
  const elephants = movable.filter((place) => isElephant(items[place]?.rate ?? 0, load));
  // A handful of mice is no fluid: their sizes count as much as those of elephants.
  const large = movable.length <= MOST_ELEPHANTS ? movable : elephants;
  const packing = elephants.length === 0 ? undefined : packElephants(items, large, load, load.peak);
  if (packing === undefined) return { at, before, after: load };
  const repacked = repack(items, rescued, packing);
  const better = repacked.load.peak < load.peak * (1 - REPACK_GAIN);
  return better ? { at: repacked.at, before, after: repacked.load } : { at, before, after: load };
}

interface Placed {
  readonly at: readonly number[];
  readonly load: Load;
}

/** Off the slices that carry nothing. */
function rescue(items: readonly Item[], before: Load): Placed {
  const at = items.map((item) => item.at);
  const { usable } = before;
  const lost = [...items.keys()].filter((place) => !usable.includes(items[place]?.at ?? -1));
  if (lost.length === 0 || usable.length === 0) return { at, load: before };
  const load = before.copy();
  lost.sort((a, b) => (items[b]?.rate ?? 0) - (items[a]?.rate ?? 0) || a - b);
  for (const place of lost) {
    const { rate, at: from } = items[place] as Item;
    const useAfter = (slice: number) => ((load.carried[slice] as number) + rate) / (load.capacities[slice] as number);
    const to = usable.reduce((best, slice) => (useAfter(slice) < useAfter(best) ? slice : best));
    at[place] = to;
    load.move(rate, from, to);
  }
  return { at, load };
}

function repack(items: readonly Item[], start: Placed, packing: ReadonlyMap<number, number>): Placed {
  const load = start.load.copy();
  const at = [...start.at];
  for (const [place, to] of packing) {
    load.move(items[place]?.rate ?? 0, at[place] as number, to);
    at[place] = to;
  }
  // The elephants stand; a second round lets them move too, where that still helps.
  const pinned = items.map((item, place) => (packing.has(place) ? { ...item, fixed: true } : item));
  const settled = descend(pinned, load, at);
  return { at: descend(items, load, settled), load };
}
