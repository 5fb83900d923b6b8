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

const MOST_ASSIGNMENTS = 2 ** 20;

/**
 * The assignment of undivided flows to slices that costs least: what each slice then carries. Exact, by looking at all
 * of them: for about 20 flows on two slices. Throws RangeError where that would take too long.
 */
export function bestPacking(
  flows: readonly number[],
  limits: readonly number[],
  cost: (loads: readonly number[], limits: readonly number[]) => number,
): readonly number[] {
  if (limits.length ** flows.length > MOST_ASSIGNMENTS)
    throw new RangeError(`${flows.length} flows on ${limits.length} slices are too many for an exact search`);
  const loads = limits.map(() => 0);
  let best: readonly number[] = loads;
  let least = Number.POSITIVE_INFINITY;
  const place = (flow: number): void => {
    const size = flows[flow];
    if (size === undefined) {
      const costs = cost(loads, limits);
      if (costs < least) [least, best] = [costs, [...loads]];
      return;
    }
    for (const slice of limits.keys()) {
      const load = loads[slice] ?? 0;
      loads[slice] = load + size;
      place(flow + 1);
      loads[slice] = load;
    }
  };
  place(0);
  return best;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
