import { type BitsPerSecond, gigabitsPerSecond, kilobitsPerSecond, megabitsPerSecond, nanoseconds } from "@gona/model";
import { describe, expect, it } from "vitest";
import { PACE_TIMES, paceOf, paceTime } from "./pace.ts";

const microseconds = (value: number) => nanoseconds(value * 1000);
const [half, one, two, five] = PACE_TIMES as [never, never, never, never];

describe("paceTime", () => {
  it.each([
    [undefined, half],
    [microseconds(20), half],
    [microseconds(256), half],
    [microseconds(257), one],
    [microseconds(900), two],
    [microseconds(2000), five],
    [microseconds(60_000), five],
  ])("of a machine whose timers are %s ns late is %s ns", (lateness, time) => {
    expect(paceTime(lateness, undefined)).toBe(time);
  });

  it("stays at what is observed while the new measurement is a neighbour, or there is none", () => {
    expect(paceTime(microseconds(400), half)).toBe(half);
    expect(paceTime(microseconds(100), one)).toBe(one);
    expect(paceTime(microseconds(900), half)).toBe(two);
    expect(paceTime(undefined, five)).toBe(five);
    expect(paceTime(microseconds(100), nanoseconds(3_000_000))).toBe(half);
  });

  it("is whole ticks of 64 ns, as the kernel gives it back", () => {
    for (const time of PACE_TIMES) expect(time % 64).toBe(0);
  });
});

describe("paceOf", () => {
  const inTenMs = (limit: BitsPerSecond) => {
    const { rate, burst } = paceOf(limit, half);
    return (rate * (10e6 + burst)) / (limit * 10e6);
  };

  it("lets 10 ms hold at most 12 % more than the limit", () => {
    for (const limit of [100, 1000, 8000].map(megabitsPerSecond)) expect(inTenMs(limit)).toBeLessThan(1.12);
    expect(inTenMs(gigabitsPerSecond(100))).toBeLessThan(1.12);
  });

  it("always lets a frame go", () => {
    const { rate, burst } = paceOf(kilobitsPerSecond(64), half);
    expect((rate * burst) / 8e9).toBeGreaterThanOrEqual(1514);
    expect(rate).toBe(67_840);
  });
});
