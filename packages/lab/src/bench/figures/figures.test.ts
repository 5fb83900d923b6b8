import { describe, expect, it } from "vitest";
import { jain } from "./jain.ts";
import { settleMs } from "./settle-time.ts";
import { shareError } from "./share-error.ts";
import { mostIn, overLimit } from "./window-peak.ts";

describe("Jain's index", () => {
  it.each([
    [[5, 5, 5, 5], [], 1],
    [[1, 0, 0, 0], [], 0.25],
    [[1, 3], [1, 3], 1],
    [[1, 3], [], 0.8],
    [[0, 0], [], 1],
  ])("of %j with weights %j is %d", (values, weights, expected) => {
    expect(jain(values, weights)).toBeCloseTo(expected, 10);
  });

  it("wants somebody", () => {
    expect(() => jain([])).toThrow(RangeError);
  });
});

describe("the error of shares", () => {
  it.each([
    [[100, 300], [1, 3], 0],
    [[110, 290], [1, 3], 10],
    [[200, 200], [1, 3], 100],
    [[0, 0], [1, 1], 100],
  ])("of %j with weights %j is %d %%", (values, weights, expected) => {
    expect(shareError(values, weights)).toBeCloseTo(expected, 10);
  });
});

describe("the most in any stretch of windows", () => {
  it.each([
    [[1, 2, 3, 4, 1], 1, 4],
    [[1, 2, 3, 4, 1], 2, 7],
    [[5, 0, 0, 5, 5], 3, 10],
    [[1, 2], 10, 3],
    [[], 3, 0],
  ])("of %j over %d is %d", (bytes, span, expected) => {
    expect(mostIn(bytes, span)).toBe(expected);
  });

  it("is over the limit by what exceeds it", () => {
    expect(overLimit(137_500, 10e6, 100e6)).toBeCloseTo(10);
    expect(overLimit(62_500, 10e6, 100e6)).toBeCloseTo(-50);
  });
});

describe("the time to settle", () => {
  const form = { target: 100, within: 0.05, span: 2, windowMs: 10 };
  it.each([
    [[100, 100, 100, 100], 0],
    [[0, 50, 100, 100, 100], 30],
    [[100, 100, 100, 160, 100, 100], 50],
    [[100, 96, 104, 100], 0],
  ])("of %j is %d ms", (bytes, expected) => {
    expect(settleMs(bytes, form)).toBe(expected);
  });
});
