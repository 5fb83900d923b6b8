import { expect, it } from "vitest";
import { between, DATA_MINING, meanBytes, partUpTo, sizeAt, WEB_SEARCH } from "./flow-sizes.ts";

it.each([WEB_SEARCH, DATA_MINING])("$name ascends from nothing to all", ({ points }) => {
  expect(points[0]?.atMost).toBe(0);
  expect(points.at(-1)?.atMost).toBe(1);
  expect(points).toEqual(points.toSorted((a, b) => a.bytes - b.bytes || a.atMost - b.atMost));
  expect(new Set(points.map(({ bytes }) => bytes)).size).toBe(points.length);
});

it("inverts the distribution: its own points, and straight between them", () => {
  expect([0, 0.15, 0.53, 1].map((part) => sizeAt(WEB_SEARCH, part))).toEqual([1_460, 10_000, 80_000, 30_000_000]);
  expect(sizeAt(WEB_SEARCH, 0.25)).toBe(25_000);
  expect(partUpTo(WEB_SEARCH, 25_000)).toBeCloseTo(0.25);
  expect(partUpTo(WEB_SEARCH, 1)).toBe(0);
  expect(partUpTo(WEB_SEARCH, 1e9)).toBe(1);
});

it("has the means that are published", () => {
  expect(meanBytes(WEB_SEARCH) / 1e6).toBeCloseTo(1.7, 1);
  expect(meanBytes(DATA_MINING) / 1e6).toBeCloseTo(7.5, 0);
});

it("means what it draws", () => {
  const draws = 100_000;
  const drawn = Array.from({ length: draws }, (_, index) => sizeAt(WEB_SEARCH, (index + 0.5) / draws));
  expect(drawn.reduce((sum, bytes) => sum + bytes) / draws / meanBytes(WEB_SEARCH)).toBeCloseTo(1, 3);
});

it("keeps the proportions of a part of a distribution", () => {
  const mice = between(WEB_SEARCH, 0, 100_000);
  expect(sizeAt(mice, 1)).toBe(100_000);
  expect(sizeAt(mice, 0)).toBe(1_460);
  expect(partUpTo(mice, 20_000) / partUpTo(mice, 50_000)).toBeCloseTo(0.2 / 0.4);
  const elephants = between(WEB_SEARCH, 1_000_000, 30_000_000);
  expect(sizeAt(elephants, 0)).toBe(1_000_000);
  expect(sizeAt(elephants, 2 / 3)).toBe(5_000_000);
  expect(() => between(WEB_SEARCH, 5e7, 6e7)).toThrow(RangeError);
});
