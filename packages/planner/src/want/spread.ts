import { levelOut } from "./level-out.ts";
import { type Wish, wantClasses } from "./share-out.ts";
import { survivalCaps } from "./survival-caps.ts";

/** Slices of one aggregate. */
export const MOST_NICS = 8;
const STEP = 8;

/**
 * Reserves on each NIC (bit/s, by wish and room) so that every wish is granted, or undefined where
 * that cannot be. Exact for up to eight NICs; of more each guest in turn takes the eight with most room.
 */
export function spread(rooms: readonly number[], wishes: readonly Wish[]): readonly (readonly number[])[] | undefined {
  const left = [...rooms];
  const wide = rooms.length > MOST_NICS;
  const together = wide ? undefined : capsOf(left, wishes);
  if (!wide && together === undefined) return undefined;
  const reserves: (readonly number[])[] = [];
  for (const wish of wishes) {
    const chosen = roomiest(left, MOST_NICS);
    const offered = left.map((room, index) => (chosen.has(index) ? room : 0));
    const caps =
      together ??
      capsOf(
        [...chosen].map((index) => left[index] ?? 0),
        [wish],
      );
    const cap = stepsUp((caps?.get(wish.survive) ?? 0) * wish.reserve);
    const demand = wish.reserve + wish.survive * cap;
    const taken = levelOut(offered, demand, cap);
    if (leftAfterLoss(taken, wish.survive) < wish.reserve) return undefined;
    for (const [index, rate] of taken.entries()) left[index] = (left[index] ?? 0) - rate;
    reserves.push(taken);
  }
  return reserves;
}

/** What is left of a guest's reserves, bit/s, when it loses the `survive` largest. */
export const leftAfterLoss = (reserves: readonly number[], survive: number): number =>
  reserves
    .toSorted((a, b) => a - b)
    .slice(0, Math.max(0, reserves.length - survive))
    .reduce((sum, rate) => sum + rate, 0);

/** The caps by `survive`; undefined where the wishes do not fit. */
function capsOf(rooms: readonly number[], wishes: readonly Wish[]): ReadonlyMap<number, number> | undefined {
  const classes = wantClasses(
    wishes,
    wishes.map(({ reserve }) => reserve),
  );
  const { part, caps } = survivalCaps(rooms, classes);
  if (part < 1 - 1e-10) return undefined;
  return new Map(classes.map(({ survive }, index) => [survive, caps[index] ?? 0]));
}

/** To the step above; what the reckoning is off by makes no step. */
const stepsUp = (rate: number): number => Math.ceil((rate * (1 - 1e-10)) / STEP) * STEP;

function roomiest(rooms: readonly number[], count: number): ReadonlySet<number> {
  const order = rooms.map((_, index) => index).sort((a, b) => (rooms[b] ?? 0) - (rooms[a] ?? 0) || a - b);
  return new Set(order.slice(0, count));
}
