/** Something of which there may be too little: `sum of coefficient x allocation <= room`. */
export interface Scarce {
  readonly room: number;
  /** By the index of the demand; coefficients above 0. */
  readonly terms: readonly (readonly [index: number, coefficient: number])[];
}

export interface Demand {
  readonly most: number;
  readonly weight: number;
}

const BISECTIONS = 100;

/**
 * What each demand gets: weighted max-min under packing constraints. All grow in proportion to
 * their weights; one stops when it has what it asks, or when something that it needs is used up
 * (progressive filling). So who asks little of something scarce, or nothing, keeps all of it.
 */
export function fairFill(demands: readonly Demand[], scarcities: readonly Scarce[]): readonly number[] {
  const got = demands.map(() => 0);
  const growing = demands.map(() => true);
  const open = new Set(scarcities.filter((one) => load(one, demands) > one.room));
  while (open.size > 0) {
    let first: Scarce | undefined;
    let level = Number.POSITIVE_INFINITY;
    for (const one of open) {
      const full = levelWhenFull(one, demands, got, growing);
      if (full < level) [first, level] = [one, full];
    }
    if (first === undefined) break;
    open.delete(first);
    for (const [index] of first.terms) {
      if (growing[index] !== true) continue;
      const demand = demands[index];
      if (demand === undefined || demand.most <= demand.weight * level) continue;
      got[index] = demand.weight * level;
      growing[index] = false;
    }
  }
  return demands.map(({ most }, index) => (growing[index] === true ? most : Math.min(most, got[index] ?? 0)));
}

const load = ({ terms }: Scarce, demands: readonly Demand[]): number =>
  terms.reduce((sum, [index, coefficient]) => sum + coefficient * (demands[index]?.most ?? 0), 0);

/** The level at which `one` is used up, those that stopped having what they have; infinite: never. */
function levelWhenFull(
  { room, terms }: Scarce,
  demands: readonly Demand[],
  got: readonly number[],
  growing: readonly boolean[],
): number {
  const used = (level: number): number => {
    let sum = 0;
    for (const [index, coefficient] of terms) {
      const demand = demands[index];
      if (demand === undefined) continue;
      sum += coefficient * (growing[index] === true ? Math.min(demand.most, demand.weight * level) : (got[index] ?? 0));
    }
    return sum;
  };
  let high = 0;
  for (const [index] of terms) {
    const demand = demands[index];
    if (demand !== undefined && growing[index] === true) high = Math.max(high, demand.most / demand.weight);
  }
  if (used(high) <= room) return Number.POSITIVE_INFINITY;
  let low = 0;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    if (used(middle) <= room) low = middle;
    else high = middle;
  }
  return low;
}
