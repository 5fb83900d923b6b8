/** Numbers that a kind of thing may have, both ends included. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
}

/**
 * Gives each key a number of its own: the one it has (`kept`), else the lowest that no key of this
 * call has and that is not `occupied`. A number that is being freed by the same plan counts as
 * occupied: reused at once, a filter or map entry of the one that goes would for an instant point
 * at the one that comes. A key for which none is left is missing from the result.
 */
export function assignNumbers<K>(
  keys: Iterable<K>,
  range: NumberRange,
  kept: (key: K) => number | undefined,
  occupied: () => ReadonlySet<number>,
): Map<K, number> {
  const numbers = new Map<K, number>();
  const taken = new Set<number>();
  const fresh: K[] = [];
  for (const key of keys) {
    const number = kept(key);
    if (number === undefined || number < range.low || number > range.high || taken.has(number)) {
      fresh.push(key);
    } else {
      numbers.set(key, number);
      taken.add(number);
    }
  }
  if (fresh.length === 0) return numbers;
  const others = occupied();
  let next = range.low;
  for (const key of fresh) {
    while (next <= range.high && (taken.has(next) || others.has(next))) next++;
    if (next > range.high) break;
    numbers.set(key, next++);
  }
  return numbers;
}
