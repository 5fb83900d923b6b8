import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUCKETS, bucketCounts, fillBuckets } from "./bucket-table.ts";

const weights = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 10_000_000_000 })), {
  minLength: 8,
  maxLength: 8,
});
const positive = weights.filter((list) => list.some((weight) => weight > 0));

function countsOf(table: Uint8Array): readonly number[] {
  const counts = Array.from({ length: 8 }, () => 0);
  for (const slice of table) counts[slice] = (counts[slice] ?? 0) + 1;
  return counts;
}

describe("bucketCounts", () => {
  it.each([
    [
      [1, 1, 0],
      [512, 512, 0],
    ],
    [
      [10, 1, 0],
      [931, 93, 0],
    ],
    [
      [1, 1, 1],
      [342, 341, 341],
    ],
    [
      [0, 0, 5],
      [0, 0, 1024],
    ],
    [
      [0, 0, 0],
      [1024, 0, 0],
    ],
    [
      [1, 1_000_000, 0],
      [0, 1024, 0],
    ],
  ])("gives %j the counts %j", (given, expected) => {
    expect(bucketCounts(given)).toEqual(expected);
  });

  it("is within one bucket of the exact part, and whole", () => {
    fc.assert(
      fc.property(positive, (given) => {
        const sum = given.reduce((a, b) => a + b, 0);
        const counts = bucketCounts(given);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(BUCKETS);
        for (const [index, count] of counts.entries()) {
          expect(Math.abs(count - ((given[index] ?? 0) / sum) * BUCKETS)).toBeLessThan(1);
        }
      }),
    );
  });

  it("gives a remainder bucket only where the remainder is at least that of every one without", () => {
    fc.assert(
      fc.property(positive, (given) => {
        const sum = given.reduce((a, b) => a + b, 0);
        const parts = bucketCounts(given).map((count, index) => {
          const exact = ((given[index] ?? 0) / sum) * BUCKETS;
          return { remainder: exact - Math.floor(exact), extra: count > Math.floor(exact) };
        });
        const least = Math.min(1, ...parts.filter((part) => part.extra).map((part) => part.remainder));
        for (const part of parts) if (!part.extra) expect(part.remainder).toBeLessThanOrEqual(least);
      }),
    );
  });
});

describe("fillBuckets", () => {
  it("has the counts of bucketCounts and moves no bucket beyond the minimum", () => {
    let moved = 0;
    fc.assert(
      fc.property(positive, positive, (before, after) => {
        const old = fillBuckets(before);
        const table = fillBuckets(after, old);
        expect(countsOf(table)).toEqual(bucketCounts(after));
        const moves = table.filter((slice, bucket) => slice !== old[bucket]).length;
        const oldCounts = countsOf(old);
        const least = countsOf(table).reduce(
          (sum, count, slice) => sum + Math.max(0, (oldCounts[slice] ?? 0) - count),
          0,
        );
        expect(moves).toBe(least);
        moved += moves;
      }),
    );
    expect(moved).toBeGreaterThan(1000);
  });

  it("moves only the buckets of a slice that is lost", () => {
    const old = fillBuckets([1, 1, 1, 1, 0, 0, 0, 0]);
    const table = fillBuckets([1, 0, 1, 1, 0, 0, 0, 0], old);
    for (const [bucket, slice] of old.entries()) if (slice !== 1) expect(table[bucket]).toBe(slice);
    expect(countsOf(table)[1]).toBe(0);
  });

  it("returns the table itself where nothing moves", () => {
    const table = fillBuckets([3, 1, 0, 0, 0, 0, 0, 0]);
    expect(fillBuckets([3, 1, 0, 0, 0, 0, 0, 0], table)).toBe(table);
  });
});
