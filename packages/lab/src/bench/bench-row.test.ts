import { describe, expect, it } from "vitest";
import { summarize } from "./bench-row.ts";

describe("summarize", () => {
  it.each([
    [[3], { value: 3, low: 3, high: 3 }],
    [[5, 1, 3], { value: 3, low: 1, high: 5 }],
    [[4, 1, 3, 2], { value: 2.5, low: 1, high: 4 }],
  ])("of %j is %j", (rounds, expected) => {
    expect(summarize(rounds)).toEqual(expected);
  });

  it("wants a round", () => {
    expect(() => summarize([])).toThrow(RangeError);
  });
});
