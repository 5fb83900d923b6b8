import { expect, it } from "vitest";
import { completionTimes } from "./completion-times.ts";

it("tells mice from elephants, and compares each flow with what it takes alone", () => {
  const flows = [
    ...Array.from({ length: 99 }, () => ({ bytes: 0, tookMs: 1 })),
    { bytes: 100_000, tookMs: 9 },
    { bytes: 1_000_000, tookMs: 17 },
  ];
  const times = completionTimes(flows, 1e9);
  expect(times.meanMs).toBeCloseTo((99 + 9 + 17) / 101);
  expect(times.miceMeanMs).toBeCloseTo(1.08);
  expect(times.miceP99Ms).toBe(1);
  expect(times.slowDown).toBeCloseTo((99 * 2 + 9 / 1.3 + 17 / 8.5) / 101);
});

it("has no mean of nothing", () => {
  expect(() => completionTimes([], 1e9)).toThrow(RangeError);
});
