import { expect, it } from "vitest";
import { arrivals } from "./arrivals.ts";
import { between, WEB_SEARCH } from "./flow-sizes.ts";

const plan = { sizes: WEB_SEARCH, bitsPerSecond: 1.4e9, lastsMs: 8000, seed: 7 };

it("is the same for the same seed, and another for another", () => {
  expect(arrivals(plan)).toEqual(arrivals(plan));
  expect(arrivals(plan)).not.toEqual(arrivals({ ...plan, seed: 8 }));
});

it.each([1, 2, 3, 4])("offers the load that was asked for, seed %i", (seed) => {
  const bytes = arrivals({ ...plan, seed }).reduce((sum, flow) => sum + flow.bytes, 0);
  expect((bytes * 8) / (plan.lastsMs / 1000) / plan.bitsPerSecond).toBeCloseTo(1, 1);
});

it("comes in order of time, in the given time, with gaps as of a Poisson process", () => {
  const list = arrivals({ ...plan, sizes: between(WEB_SEARCH, 0, 1e5), bitsPerSecond: 1e9 });
  const gaps = list.slice(1).map(({ atMs }, index) => atMs - (list[index]?.atMs ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  expect(list.at(-1)?.atMs).toBeLessThanOrEqual(plan.lastsMs);
  const mean = gaps.reduce((sum, gap) => sum + gap) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
});
