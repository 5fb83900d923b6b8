import { expect, it } from "vitest";
import { bestPacking, fullest, spread } from "./packing.ts";

it.each([
  { loads: [50, 50], limits: [100, 100], is: 0 },
  { loads: [10, 100], limits: [100, 1000], is: 0 },
  { loads: [60, 40], limits: [100, 100], is: 40 },
  { loads: [100, 0], limits: [100, 100], is: 200 },
  { loads: [0, 0], limits: [100, 100], is: 0 },
])("spread of $loads on $limits is $is %", ({ loads, limits, is }) => {
  expect(spread(loads, limits)).toBeCloseTo(is);
});

it("packs evenly where that can be", () => {
  expect(spread(bestPacking([3, 1, 1, 2, 3], [10, 10], spread), [10, 10])).toBe(0);
  expect(bestPacking([90, 5, 5, 10], [10, 100], fullest)).toEqual([10, 100]);
});

it("finds what filling the emptiest by turns does not", () => {
  expect(bestPacking([3, 3, 2, 2, 2], [6, 6], fullest)).toEqual([6, 6]);
});

it("packs by what is asked for: the least full slice at the top, or the least between the slices", () => {
  expect(bestPacking([50, 8], [10, 100], spread)).toEqual([8, 50]);
  expect(bestPacking([50, 8], [10, 100], fullest)).toEqual([0, 58]);
});

it("is no worse than any assignment of a few flows", () => {
  const flows = [7, 4, 9, 2, 5, 5];
  const limits = [10, 25];
  const all = Array.from({ length: 2 ** flows.length }, (_, mask) => {
    const loads = [0, 0];
    for (const [index, flow] of flows.entries()) loads[(mask >> index) & 1] = (loads[(mask >> index) & 1] ?? 0) + flow;
    return spread(loads, limits);
  });
  expect(spread(bestPacking(flows, limits, spread), limits)).toBe(Math.min(...all));
});

it("refuses what it cannot search", () => {
  const many = Array.from({ length: 40 }, () => 1);
  expect(() => bestPacking(many, [1, 1], fullest)).toThrow(RangeError);
});
