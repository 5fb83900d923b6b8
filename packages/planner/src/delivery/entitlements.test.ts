import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Contender, entitlements } from "./entitlements.ts";

const ALL = Number.POSITIVE_INFINITY;
const who = (reserve: number, limit: number, shares: number, demand: number): Contender => ({
  reserve,
  limit,
  shares,
  demand,
});

describe("what each may have of a NIC", () => {
  it.each([
    ["nobody", 100, [], []],
    ["one alone has its limit", 100, [who(0, 40, 1, ALL)], [40]],
    ["one alone has all where its limit is above", 100, [who(0, 400, 1, ALL)], [100]],
    ["equal shares, equal parts", 100, [who(0, 100, 1, ALL), who(0, 100, 1, ALL)], [50, 50]],
    ["one to three", 100, [who(0, 100, 1, ALL), who(0, 100, 3, ALL)], [25, 75]],
    ["what one does not want goes to the other", 100, [who(0, 100, 1, 10), who(0, 100, 1, ALL)], [10, 90]],
    ["a reservation comes first, the rest by shares", 100, [who(70, 100, 1, ALL), who(0, 100, 1, ALL)], [85, 15]],
    ["a reservation that is not used is nobody's", 100, [who(70, 100, 1, 0), who(0, 100, 1, ALL)], [0, 100]],
    ["a limit gives its rest away", 100, [who(10, 20, 5, ALL), who(0, 100, 1, ALL)], [20, 80]],
    ["less capacity than was reserved", 50, [who(60, 100, 1, ALL), who(40, 100, 1, ALL)], [30, 20]],
    ["no capacity", 0, [who(60, 100, 1, ALL)], [0]],
  ])("%s", (_name, capacity, contenders, expected) => {
    const got = entitlements(capacity, contenders);
    expect(got).toHaveLength(expected.length);
    for (const [n, rate] of expected.entries()) expect(got[n]).toBeCloseTo(rate, 9);
  });

  const rate = fc.integer({ min: 0, max: 10_000_000_000 });
  const contender = fc
    .record({
      low: rate,
      high: rate,
      shares: fc.integer({ min: 1, max: 10_000 }),
      demand: fc.oneof(rate, fc.constant(ALL)),
    })
    .map(({ low, high, shares, demand }) => who(Math.min(low, high), Math.max(low, high), shares, demand));
  const world = fc.tuple(rate, fc.array(contender, { minLength: 1, maxLength: 12 }));
  const near = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));

  it("never more than the capacity, a limit or a demand, and nothing is left while somebody wants it", () => {
    fc.assert(
      fc.property(world, ([capacity, contenders]) => {
        const got = entitlements(capacity, contenders);
        const sum = got.reduce((a, b) => a + b, 0);
        expect(sum).toBeLessThanOrEqual(capacity * (1 + 1e-9) + 1e-6);
        const wanted = contenders.reduce((all, { limit, demand }) => all + Math.min(limit, demand), 0);
        expect(near(sum, Math.min(capacity, wanted))).toBe(true);
        for (const [n, { limit, demand }] of contenders.entries())
          expect(got[n]).toBeLessThanOrEqual(Math.min(limit, demand) * (1 + 1e-9) + 1e-6);
      }),
    );
  });

  it("keeps reservations that fit, and beyond them nobody has more per share than one who is still short", () => {
    fc.assert(
      fc.property(world, ([capacity, contenders]) => {
        const first = contenders.map(({ reserve, limit, demand }) => Math.min(reserve, limit, demand));
        if (first.reduce((a, b) => a + b, 0) > capacity) return;
        const got = entitlements(capacity, contenders);
        const beyond = got.map((rateOf, n) => (rateOf - (first[n] ?? 0)) / (contenders[n]?.shares ?? 1));
        const highest = Math.max(...beyond);
        for (const [n, { limit, demand }] of contenders.entries()) {
          expect(got[n] ?? 0).toBeGreaterThanOrEqual((first[n] ?? 0) * (1 - 1e-9) - 1e-6);
          const content = near(got[n] ?? 0, Math.min(limit, demand));
          if (!content) expect(near(beyond[n] ?? 0, highest)).toBe(true);
        }
      }),
    );
  });
});
