/** One who wants to send on a NIC in one direction: a slice, or the host itself. All in bit/s. */
export interface Contender {
  readonly reserve: number;
  readonly limit: number;
  readonly shares: number;
  /** What it has to send; infinite where it always has more. */
  readonly demand: number;
}

/**
 * What each contender may have of `capacity` (bit/s): reservations first, then weighted max-min of
 * the rest by shares, nobody more than its limit or its demand (progressive filling: Bertsekas and
 * Gallager, Data Networks, 6.5.2). In the order given; the sum is at most `capacity`. Where the
 * reservations alone are more than the capacity, all shrink in proportion.
 */
export function entitlements(capacity: number, contenders: readonly Contender[]): readonly number[] {
  const most = contenders.map(({ limit, demand }) => Math.max(0, Math.min(limit, demand)));
  const first = contenders.map(({ reserve }, n) => Math.min(reserve, most[n] ?? 0));
  const reserved = first.reduce((sum, rate) => sum + rate, 0);
  if (reserved >= capacity) return first.map((rate) => (rate * Math.max(0, capacity)) / (reserved || 1));
  const level = waterLevel(capacity - reserved, first, most, contenders);
  return contenders.map(({ shares }, n) => Math.min(most[n] ?? 0, (first[n] ?? 0) + level * shares));
}

/** Bit/s per share beyond the reservation at which `spare` is used up; infinite where all are content before. */
function waterLevel(
  spare: number,
  first: readonly number[],
  most: readonly number[],
  contenders: readonly Contender[],
): number {
  const filling = contenders
    .map(({ shares }, n) => ({ shares, contentAt: ((most[n] ?? 0) - (first[n] ?? 0)) / shares }))
    .sort((a, b) => a.contentAt - b.contentAt);
  let shares = filling.reduce((sum, each) => sum + each.shares, 0);
  let left = spare;
  let level = 0;
  for (const each of filling) {
    const step = each.contentAt - level;
    if (step * shares >= left) return level + left / shares;
    left -= step * shares;
    level = each.contentAt;
    shares -= each.shares;
  }
  return Number.POSITIVE_INFINITY;
}
