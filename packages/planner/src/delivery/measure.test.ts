import { describe, expect, it } from "vitest";
import { measure, type QueueCount } from "./measure.ts";

const count = (more: Partial<QueueCount>): QueueCount => ({
  atMs: 0,
  bytes: 0,
  packets: 0,
  drops: 0,
  backlogBytes: 0,
  ...more,
});
const start = count({ bytes: 1000, packets: 10, drops: 5 });
const after = (more: Partial<QueueCount>) =>
  measure(start, count({ atMs: 1000, bytes: 1000, packets: 10, drops: 5, ...more }));

describe("two looks at a queue", () => {
  it("all that was offered was delivered", () => {
    expect(after({ bytes: 126_000, packets: 110 })).toEqual({
      seconds: 1,
      offeredBitsPerSecond: 1e6,
      deliveredBitsPerSecond: 1e6,
      waiting: false,
      drops: 0,
    });
  });

  it("what was dropped and what waits was offered too", () => {
    // 100 packets of 1250 bytes came through, 20 were dropped, 25,000 bytes wait.
    expect(after({ bytes: 126_000, packets: 110, drops: 25, backlogBytes: 25_000 })).toMatchObject({
      offeredBitsPerSecond: 1.4e6,
      deliveredBitsPerSecond: 1e6,
      drops: 20,
    });
  });

  it("a program's count is better than a guess, and never makes it less", () => {
    const [a, b] = [count({}), count({ atMs: 1000, bytes: 125_000, packets: 100, drops: 1 })];
    expect(measure(a, b, { countedBytes: 250_000 })?.offeredBitsPerSecond).toBe(2e6);
    expect(measure(a, { ...b, drops: 0 }, { countedBytes: 130_000 })?.offeredBitsPerSecond).toBe(1e6);
    expect(measure(a, b, { countedBytes: 1 })?.offeredBitsPerSecond).toBe((125_000 + 1250) * 8);
  });

  it("a frame's overhead on the wire is part of what was delivered and offered", () => {
    const [a, b] = [count({}), count({ atMs: 1000, bytes: 125_000, packets: 100, drops: 1 })];
    const found = measure(a, b, { overheadBytes: 24 });
    expect(found?.deliveredBitsPerSecond).toBeCloseTo((125_000 + 100 * 24) * 8, 6);
    expect(found?.offeredBitsPerSecond).toBeCloseTo((125_000 + 1250 + 101 * 24) * 8, 6);
  });

  it("what active queue management dropped was offered too", () => {
    const [a, b] = [count({}), count({ atMs: 1000, bytes: 125_000, packets: 100 })];
    expect(measure(a, b, { managedDrops: 10 })).toMatchObject({ offeredBitsPerSecond: 1.1e6, drops: 10 });
  });

  it("a queue that empties offers less than it delivers", () => {
    const [a, b] = [count({ backlogBytes: 50_000 }), count({ atMs: 500, bytes: 50_000, packets: 40 })];
    expect(measure(a, b)).toMatchObject({ offeredBitsPerSecond: 0, deliveredBitsPerSecond: 800_000 });
  });

  it("something waits where it does at both ends", () => {
    const waits = (first: number, last: number) =>
      measure(count({ backlogBytes: first }), count({ atMs: 1000, backlogBytes: last }))?.waiting;
    expect([waits(1, 1), waits(0, 1), waits(1, 0)]).toEqual([true, false, false]);
  });

  it.each([{ bytes: 999 }, { packets: 9 }, { drops: 4 }, { atMs: 1 }, { atMs: 0 }])(
    "counters that began anew, or no time at all, say nothing: %j",
    (more) => {
      expect(after(more)).toBeUndefined();
    },
  );
});
