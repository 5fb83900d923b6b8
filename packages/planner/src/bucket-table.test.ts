import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUCKETS, bucketCounts, fillBuckets, keepBuckets } from "./bucket-table.ts";

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

describe("keepBuckets", () => {
  const tables = positive.chain((given) => {
    const usable = given.flatMap((weight, slice) => (weight > 0 ? [slice] : []));
    const slots = fc.array(fc.constantFrom(...usable), { minLength: BUCKETS, maxLength: BUCKETS });
    return fc.tuple(
      fc.constant(given),
      slots.map((each) => Uint8Array.from(each)),
    );
  });

  it("keeps a balanced table whatever the weights, and what it made itself", () => {
    fc.assert(
      fc.property(tables, positive, ([given, table], others) => {
        const counts = countsOf(table);
        const same = given.map((weight, slice) => (weight > 0 ? Math.max(1, others[slice] ?? 1) : 0));
        const whole = bucketCounts(same).every((part, slice) => part === 0 || (counts[slice] ?? 0) > 0);
        const kept = keepBuckets(same, table);
        if (whole) expect(kept).toBe(table);
        else expect(kept).toEqual(fillBuckets(same, table));
        expect(keepBuckets(same, kept)).toBe(kept);
      }),
    );
  });

  it("moves the buckets of a slice that may have none, in proportion, and no others", () => {
    const table = Uint8Array.from({ length: BUCKETS }, (_, bucket) => (bucket < 900 ? bucket % 3 : 1));
    const after = keepBuckets([3, 1, 0], table);
    for (const [bucket, slice] of table.entries()) if (slice !== 2) expect(after[bucket]).toBe(slice);
    const gained = [0, 1].map(
      (slice) => [...table].filter((was, bucket) => was === 2 && after[bucket] === slice).length,
    );
    expect(gained).toEqual([225, 75]);
  });

  it("gives a slice that comes back its part", () => {
    const table = new Uint8Array(BUCKETS).fill(1);
    expect(countsOf(keepBuckets([1, 1], table)).slice(0, 2)).toEqual([512, 512]);
  });

  it("is whole whatever stood there", () => {
    expect(keepBuckets([1, 1], undefined)).toEqual(fillBuckets([1, 1]));
    expect(countsOf(keepBuckets([0, 0, 1], new Uint8Array(BUCKETS)))[2]).toBe(BUCKETS);
    expect(countsOf(keepBuckets([0, 0], new Uint8Array(BUCKETS).fill(5)))[0]).toBe(BUCKETS);
  });
});
