/** Entries of an aggregate's table; GONA_BUCKETS of bpf/gona_maps.h. */
export const BUCKETS = 1024;

/**
 * How many of `total` buckets each weight gets: its exact part rounded down, and one more for those
 * with the largest remainders (Hamilton's method), the lower index first among equals. No weight
 * above zero: all go to index 0, so that a table is whole whatever the aggregate.
 */
export function bucketCounts(weights: readonly number[], total: number = BUCKETS): readonly number[] {
  const positive = weights.map((weight) => Math.max(0, weight));
  const sum = positive.reduce((a, b) => a + b, 0);
  if (sum === 0) return weights.map((_, index) => (index === 0 ? total : 0));
  const exact = positive.map((weight) => (weight / sum) * total);
  const counts = exact.map(Math.floor);
  const left = total - counts.reduce((a, b) => a + b, 0);
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, left)) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}

/**
 * The bucket table of an aggregate: bucket -> slice number, weights by slice number (0: none).
 * Exact by largest remainder, and a bucket moves only where its slice has more than it may keep:
 * the fewest moves there are (DATAPATH.md I: better than Maglev and rendezvous hashing here).
 * Returns `previous` itself where nothing moves.
 */
export function fillBuckets(weights: readonly number[], previous?: Uint8Array): Uint8Array {
  const room = [...bucketCounts(weights)];
  if (previous?.length === BUCKETS && holds(previous, room)) return previous;
  const table = new Uint8Array(BUCKETS);
  const homeless: number[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const slice = previous?.[bucket];
    const left = slice === undefined ? 0 : (room[slice] ?? 0);
    if (slice !== undefined && left > 0) {
      table[bucket] = slice;
      room[slice] = left - 1;
    } else {
      homeless.push(bucket);
    }
  }
  let slice = 0;
  for (const bucket of homeless) {
    while ((room[slice] ?? 0) === 0) slice++;
    table[bucket] = slice;
    room[slice] = (room[slice] ?? 0) - 1;
  }
  return table;
}

/**
 * The table of an aggregate whose buckets a balancer moves: what stands there stays, whatever the weights, but
 * for buckets of slices that may have none now, which are shared out by the weights. A slice that comes back, and so
 * has no bucket, gets its whole part, by fillBuckets(). Returns `previous` itself where nothing moves.
 */
export function keepBuckets(weights: readonly number[], previous?: Uint8Array): Uint8Array {
  if (previous?.length !== BUCKETS) return fillBuckets(weights);
  const counts = weights.map(() => 0);
  const homeless: number[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const slice = previous[bucket] as number;
    if ((weights[slice] ?? 0) > 0) counts[slice] = (counts[slice] ?? 0) + 1;
    else homeless.push(bucket);
  }
  // Not one whose part is less than half a bucket.
  if (bucketCounts(weights).some((part, slice) => part > 0 && counts[slice] === 0)) {
    return fillBuckets(weights, previous);
  }
  if (homeless.length === 0) return previous;
  const table = previous.slice();
  const shares = bucketCounts(weights, homeless.length);
  let next = 0;
  for (const [slice, share] of shares.entries()) {
    for (let i = 0; i < share; i++) table[homeless[next++] as number] = slice;
  }
  return table;
}

/** Whether a table has exactly these counts by slice number. */
function holds(table: Uint8Array, counts: readonly number[]): boolean {
  const left = new Int32Array(256);
  left.set(counts);
  for (let bucket = 0; bucket < table.length; bucket++) {
    const slice = table[bucket] as number;
    const now = (left[slice] as number) - 1;
    if (now < 0) return false;
    left[slice] = now;
  }
  return true;
}
