import { expect, it } from "vitest";
import { elephantRates } from "./elephant-rates.ts";
import { bestPacking, fullest } from "./packing.ts";

it.each([
  { limits: [1e9, 1e9], seed: 1 },
  { limits: [1e8, 1e9], seed: 2 },
  { limits: [1e8, 1e9], seed: 3 },
])("draws unequal rates of the given sum that fit on $limits, seed $seed", ({ limits, seed }) => {
  const all = 0.75 * limits.reduce((sum, limit) => sum + limit);
  const rates = elephantRates(12, all, limits, seed);
  expect(rates).toEqual(elephantRates(12, all, limits, seed));
  expect(rates.reduce((sum, rate) => sum + rate) / all).toBeCloseTo(1);
  expect(Math.max(...rates) / Math.min(...rates)).toBeGreaterThan(3);
  expect(fullest(bestPacking(rates, limits, fullest), limits)).toBeLessThanOrEqual(0.88);
});

it("says so where they cannot fit", () => {
  expect(() => elephantRates(2, 1.9e9, [1e9, 1e9], 1)).toThrow(RangeError);
});
