import { survivalCaps, type WantClass } from "./survival-caps.ts";

/** What one guest wants of a fabric. */
export interface Wish {
  /** bit/s that are to be left with any `survive` NICs lost. */
  readonly reserve: number;
  readonly survive: number;
  /** Weight where the wishes do not all fit. */
  readonly weight: number;
}

const BISECTIONS = 60;
/** What counts as all; the program is solved to 1e-11. */
const FULL = 1 - 1e-10;
/** Of what is there: a class that cannot grow by this much does not grow. */
const NUDGE = 1e-7;
/** Taken off the highest level, so that what fits does so clear of the solver's tolerance. */
const CLEAR = 1 - 1e-9;

/** The guests of equal `survive` as one. */
export function wantClasses(wishes: readonly Wish[], reserves: readonly number[]): readonly WantClass[] {
  const sums = new Map<number, number>();
  for (const [index, { survive }] of wishes.entries()) {
    sums.set(survive, (sums.get(survive) ?? 0) + (reserves[index] ?? 0));
  }
  return Array.from(sums, ([survive, reserve]) => ({ survive, reserve }));
}

const fits = (rooms: readonly number[], classes: readonly WantClass[]): boolean =>
  survivalCaps(rooms, classes).part >= FULL;

/**
 * What each guest gets, bit/s (not rounded), where the wishes may not all fit: weighted max-min. All
 * grow in proportion to their weights until they have what they want or one of them could grow only
 * at the cost of another that has less for its weight (progressive filling; Bertsekas and Gallager,
 * Data Networks, section 6.5.2).
 */
export function shareOut(rooms: readonly number[], wishes: readonly Wish[]): readonly number[] {
  const full = wishes.map(({ reserve }) => reserve);
  if (fits(rooms, wantClasses(wishes, full))) return full;
  const total = rooms.reduce((sum, room) => sum + room, 0);
  const got = wishes.map(() => 0);
  let growing = wishes.map((_, index) => index);
  let level = 0;
  while (growing.length > 0) {
    const at = (to: number): readonly number[] => {
      const next = [...got];
      for (const index of growing) next[index] = grown(wishes[index], to);
      return next;
    };
    const holds = (to: number): boolean => fits(rooms, wantClasses(wishes, at(to)));
    const top = Math.max(...growing.map((index) => stop(wishes[index])));
    if (holds(top)) return at(top);
    level = highest(level, top, holds) * CLEAR;
    for (const [index, value] of at(level).entries()) got[index] = value;
    const classes = wantClasses(wishes, got);
    const blocked = new Set(
      classes.filter((one) => !fits(rooms, nudged(classes, one, total * NUDGE))).map(({ survive }) => survive),
    );
    const before = growing.length;
    growing = growing.filter((index) => {
      const wish = wishes[index];
      return wish !== undefined && !blocked.has(wish.survive) && stop(wish) > level;
    });
    if (growing.length === before) break; // numerically at the end
  }
  return got;
}

const stop = (wish: Wish | undefined): number => (wish === undefined ? 0 : wish.reserve / wish.weight);
const grown = (wish: Wish | undefined, level: number): number =>
  wish === undefined ? 0 : Math.min(wish.reserve, wish.weight * level);

const nudged = (classes: readonly WantClass[], which: WantClass, by: number): readonly WantClass[] =>
  classes.map((one) => (one === which ? { ...one, reserve: one.reserve + by } : one));

/** The highest level between two at which something still holds; it holds at `low` and not at `high`. */
function highest(low: number, high: number, holds: (level: number) => boolean): number {
  let [below, above] = [low, high];
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (below + above) / 2;
    if (holds(middle)) below = middle;
    else above = middle;
  }
  return below;
}
