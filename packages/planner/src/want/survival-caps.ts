import { maximise, type Row } from "./simplex.ts";

/** All guests that want to survive the loss of equally many NICs, as one: what they reserve together, bit/s. */
export interface WantClass {
  readonly survive: number;
  readonly reserve: number;
}

export interface SurvivalCaps {
  /** What part of every reservation can be had at once; 1: all of them. */
  readonly part: number;
  /**
   * By the order of the classes: the most that one NIC may hold of a guest, as a part of its
   * reservation, such that guests together take least.
   */
  readonly caps: readonly number[];
}

/** What the caps cost beside what the part is worth: a part less is never better. */
const CAPS_LAST = 1e-3;
/** Of all that is wanted: a class that wants less than this wants nothing, or the tableau would be ill scaled. */
const NEXT_TO_NOTHING = 1e-7;

/**
 * Whether reservations that survive losses fit `rooms` (bit/s that are free on each NIC), and how
 * to split them so that they do. Exact:
 *
 * A guest with r reserved survives the loss of any s of its NICs if and only if there is a cap L such
 * that no NIC holds more than L of it and all together hold r + s L. With the caps given, this is a
 * transport of demands r + s L to NICs of limited room over edges of capacity L. Its cuts (max-flow
 * min-cut) say: for each k, what the guests must put on the k smallest NICs even when every other one
 * holds L of each of them, max(0, r - (n - k - s) L) summed over guests, fits in these k. That sum is
 * convex and homogeneous in (r, L), so among guests of equal s the same ratio L / r is best, and they
 * count as one; what is left is a linear program of a few dozen rows.
 */
export function survivalCaps(rooms: readonly number[], classes: readonly WantClass[]): SurvivalCaps {
  const wanted = classes.reduce((sum, { reserve }) => sum + reserve, 0);
  if (wanted === 0) return { part: 1, caps: classes.map(() => 1) };
  const solution = maximise(...program(rooms, classes, wanted));
  // A guest that survives nothing may have all of it on one NIC; one that counted for nothing as well.
  const caps = classes.map(({ survive, reserve }, index) =>
    survive === 0 || reserve / wanted < NEXT_TO_NOTHING ? 1 : Math.min(1, solution[1 + index] ?? 0),
  );
  return { part: solution[0] ?? 0, caps };
}

/** Variables: the part, each class's cap, and for each class and k what it overflows by; all as parts of its reserve. */
function program(
  rooms: readonly number[],
  classes: readonly WantClass[],
  wanted: number,
): [objective: readonly number[], rows: readonly Row[]] {
  const n = rooms.length;
  const width = 1 + classes.length * (n + 2);
  const blank = (): number[] => Array.from({ length: width }, () => 0);
  const ascending = rooms.toSorted((a, b) => a - b);
  const objective = blank();
  objective[0] = 1;
  const partAtMost = blank();
  partAtMost[0] = 1;
  const rows: Row[] = [{ coefficients: partAtMost, most: 1 }];
  let smallest = 0;
  for (let k = 0; k <= n; k++) {
    const cut = blank();
    for (const [index, { survive, reserve }] of classes.entries()) {
      const weight = reserve / wanted;
      const beyond = k + survive - n;
      if (weight < NEXT_TO_NOTHING || (survive === 0 && k < n)) continue;
      const [cap, overflow] = [1 + index, 1 + classes.length + index * (n + 1) + k];
      objective[cap] = -survive * weight * CAPS_LAST;
      if (beyond >= 0) {
        cut[0] = (cut[0] ?? 0) + weight;
        cut[cap] = beyond * weight;
      } else {
        cut[overflow] = weight;
        const least = blank();
        [least[0], least[cap], least[overflow]] = [1, beyond, -1];
        rows.push({ coefficients: least, most: 0 });
      }
    }
    rows.push({ coefficients: cut, most: Math.max(0, smallest) / wanted });
    smallest += ascending[k] ?? 0;
  }
  return [objective, rows];
}
