/**
 * How far the slices' utilisations are apart: the fullest less the emptiest, in % of what all would have were the same
 * load spread evenly. `loads` and `limits` in one unit. 0 without any load.
 */
export function spread(loads: readonly number[], limits: readonly number[]): number {
  const fair = sum(loads) / sum(limits);
  if (!(fair > 0)) return 0;
  const used = utilisations(loads, limits);
  return ((Math.max(...used) - Math.min(...used)) / fair) * 100;
}

/** Parts of the limits. */
export const utilisations = (loads: readonly number[], limits: readonly number[]): number[] =>
  limits.map((limit, slice) => (loads[slice] ?? 0) / limit);

/** Of the slice that is fullest. */
export const fullest = (loads: readonly number[], limits: readonly number[]): number =>
  Math.max(...utilisations(loads, limits));

const MOST_BRANCHES = 20_000_000;

/**
 * The assignment of undivided flows to slices whose fullest slice is the emptiest: what each slice then carries. Exact,
 * by a search that leaves out what is no better than the best found; for about 20 flows on two slices.
 * Throws RangeError where it would take too long.
 */
export function bestPacking(flows: readonly number[], limits: readonly number[]): readonly number[] {
  if (limits.length ** flows.length > MOST_BRANCHES)
    throw new RangeError(`${flows.length} flows on ${limits.length} slices are too many for an exact search`);
  const ordered = flows.toSorted((a, b) => b - a);
  const loads = limits.map(() => 0);
  let best: readonly number[] = [];
  let bound = Number.POSITIVE_INFINITY;
  const place = (flow: number): void => {
    const size = ordered[flow];
    if (size === undefined) {
      bound = fullest(loads, limits);
      best = [...loads];
      return;
    }
    for (const [slice, limit] of limits.entries()) {
      const load = loads[slice] ?? 0;
      if ((load + size) / limit >= bound) continue;
      loads[slice] = load + size;
      place(flow + 1);
      loads[slice] = load;
    }
  };
  place(0);
  return best;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
