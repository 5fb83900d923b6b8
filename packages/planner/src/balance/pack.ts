import type { Item, Load } from "./load.ts";

/** Beyond these the rest is taken for a fluid. */
export const MOST_ELEPHANTS = 16;
/** Nodes of the search: a few milliseconds at most. */
const MOST_NODES = 4000;
/** A packing that is better by less is not better. */
const WORTH = 0.995;

/**
 * Where the largest items are best, so that the peak is as low as can be when all others fill up what is
 * left evenly: depth first, the fullest items first, each at its present place first, without what cannot
 * beat the best found. Exact unless the search runs out of nodes. Undefined where nothing beats `peak`.
 *
 * `elephants`: places in `items`, the largest first; `load`: with all of them where they are.
 */
export function packElephants(
  items: readonly Item[],
  elephants: readonly number[],
  load: Load,
  peak: number,
): ReadonlyMap<number, number> | undefined {
  const chosen = elephants.slice(0, MOST_ELEPHANTS);
  const rates = chosen.map((place) => items[place]?.rate ?? 0);
  const { usable, capacities } = load;
  // What does not move: fixed items alone, as mice can all make room.
  const carried = load.capacities.map(() => 0);
  for (const [place, item] of items.entries()) {
    if (item.fixed === true && !chosen.includes(place)) carried[item.at] = (carried[item.at] ?? 0) + item.rate;
  }
  const inOrder = [...usable].sort((a, b) => (capacities[b] as number) - (capacities[a] as number) || a - b);
  const at: number[] = [];
  let best = peak * WORTH;
  let found: readonly number[] | undefined;
  let nodes = 0;
  const search = (index: number, highest: number): void => {
    if (highest >= best || nodes++ > MOST_NODES) return;
    if (index === chosen.length) {
      const level = Math.max(highest, fluidLevel(capacities, usable, carried, load.total));
      if (level >= best) return;
      best = level * WORTH;
      found = [...at];
      return;
    }
    const rate = rates[index] as number;
    const present = items[chosen[index] as number]?.at ?? -1;
    const useAfter = (slice: number) => ((carried[slice] as number) + rate) / (capacities[slice] as number);
    const places = inOrder.toSorted(
      (a, b) => Number(b === present) - Number(a === present) || useAfter(a) - useAfter(b),
    );
    for (const [turn, slice] of places.entries()) {
      // Two slices alike in size and load lead to the same packings.
      const isAlike = (other: number) => capacities[other] === capacities[slice] && carried[other] === carried[slice];
      if (places.findIndex(isAlike) < turn) continue;
      const use = useAfter(slice);
      if (Math.max(highest, use) >= best) continue;
      carried[slice] = (carried[slice] as number) + rate;
      at.push(slice);
      search(index + 1, Math.max(highest, use, load.fair));
      at.pop();
      carried[slice] = (carried[slice] as number) - rate;
    }
  };
  search(0, load.fair);
  return found && new Map(chosen.map((place, index) => [place, (found as readonly number[])[index] as number]));
}

/** The utilisation that all slices reach when what is not carried yet fills the emptiest first. */
function fluidLevel(
  capacities: readonly number[],
  usable: readonly number[],
  carried: readonly number[],
  total: number,
): number {
  const byUse = usable
    .map((slice) => ({ capacity: capacities[slice] as number, carried: carried[slice] as number }))
    .sort((a, b) => a.carried / a.capacity - b.carried / b.capacity);
  let fluid = total - byUse.reduce((sum, slice) => sum + slice.carried, 0);
  let [capacity, level] = [0, 0];
  for (const [index, slice] of byUse.entries()) {
    level = slice.carried / slice.capacity;
    capacity += slice.capacity;
    const next = byUse[index + 1];
    const room = next === undefined ? Number.POSITIVE_INFINITY : (next.carried / next.capacity - level) * capacity;
    if (fluid <= room) return level + Math.max(0, fluid) / capacity;
    fluid -= room;
  }
  return level;
}
