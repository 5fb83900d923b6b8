import type { VifEntry } from "../src/hub-state.ts";

const known = new WeakMap<Uint8Array, readonly number[]>();

/** The slice numbers that a bucket table points to; a table that was asked for before costs nothing. */
export function usedSlices({ buckets }: Pick<VifEntry, "buckets">): readonly number[] {
  const before = known.get(buckets);
  if (before !== undefined) return before;
  const used = [...new Set(buckets)];
  known.set(buckets, used);
  return used;
}
