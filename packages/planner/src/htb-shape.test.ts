import { bitsPerSecond, bytes, gigabitsPerSecond, megabitsPerSecond, nanoseconds, shares } from "@gona/model";
import { describe, expect, it } from "vitest";
import {
  burstTime,
  cappedTree,
  goalLeaf,
  hostReserve,
  leafFor,
  partShape,
  plainShape,
  queueTree,
  sliceShape,
} from "./htb-shape.ts";
import { classWithOverhead } from "./with-overhead.ts";

const share = (reserve: number, limit: number, weight = 100) => ({
  reserve: megabitsPerSecond(reserve),
  limit: megabitsPerSecond(limit),
  shares: shares(weight),
});
const scale = (ratePerShare: number, sharesPerQuantum = 64) => ({
  ratePerShare: bitsPerSecond(ratePerShare),
  sharesPerQuantum,
});

const PACING = nanoseconds(1_000_000);

describe("burstTime", () => {
  it("is 5 ms, or one frame where that takes longer", () => {
    expect(burstTime(gigabitsPerSecond(100))).toBe(5_000_000);
    expect(burstTime(megabitsPerSecond(10))).toBe(5_000_000);
    // 1514 bytes at 1 Mbit/s take 12.112 ms.
    expect(burstTime(megabitsPerSecond(1))).toBe(12_112_000);
  });

  it("is whole ticks of 64 ns within 32 bits, also at the lowest rate", () => {
    for (const rate of [64, 8_000, 999_992, 12_345_672]) {
      const time = burstTime(bitsPerSecond(rate));
      expect(time % 64).toBe(0);
      expect(time).toBeGreaterThanOrEqual((1514 * 8e9) / rate);
    }
    expect(burstTime(bitsPerSecond(8))).toBe(0xffff_ffff * 64);
  });
});

describe("leafFor", () => {
  it.each([
    [1, 150_000, "segmenter"],
    [333, 1_040_625, "segmenter"],
    [450, 1_406_250, "fifo"],
    [10_000, 31_250_000, "fifo"],
  ])("holds at %i Mbit/s %i bytes in a %s", (limit, size, kind) => {
    expect(leafFor(megabitsPerSecond(limit))).toEqual({ kind, limit: size });
  });
});

describe("sliceShape", () => {
  it("assures the reservation and what shares add, up to the limit", () => {
    expect(sliceShape(share(300, 1000, 200), scale(1_000_000), PACING).rate).toBe(500e6);
    expect(sliceShape(share(300, 400, 200), scale(1_000_000), PACING).rate).toBe(400e6);
    expect(sliceShape(share(0, 400), scale(0), PACING).rate).toBe(8_000);
  });

  it("lets the limit save up 16 ms, and a pacer 6 % above it pay that out", () => {
    const shape = sliceShape(share(0, 1000), scale(1_000_000), PACING);
    expect(shape.ceilBurst).toBe(16_000_000);
    expect(shape.burst).toBe(5_000_000);
    expect(shape.pace).toEqual({ rate: 1.06e9, burst: 1_000_000 });
  });

  it("paces no limit that all may have together: nothing else would let it go faster", () => {
    const room = gigabitsPerSecond(1);
    const burst = (limit: number) => sliceShape(share(0, limit), { ...scale(1_000_000), room }, PACING).pace.burst;
    expect([burst(999), burst(1000)]).toEqual([PACING, 16_000_000]);
  });

  it("weighs quanta by shares, between one GSO packet and 1 MiB", () => {
    const quantum = (weight: number) => sliceShape(share(0, 100, weight), scale(0, 64), PACING).quantum;
    expect(quantum(64)).toBe(65_536);
    expect(quantum(128)).toBe(131_072);
    expect(quantum(10)).toBe(65_536);
    expect(quantum(10_000)).toBe(1_048_576);
  });
});

describe("partShape", () => {
  const pace = { rate: megabitsPerSecond(106), burst: PACING };
  const part = (ceil: number) =>
    partShape(
      { rate: megabitsPerSecond(40), ceil: megabitsPerSecond(ceil), quantum: bytes(65_536) },
      { ceil: megabitsPerSecond(100), pace },
      leafFor(megabitsPerSecond(ceil)),
    );

  it("has what is assured in a shallow bucket, and a limit of its own in a deep one", () => {
    expect(part(60)).toMatchObject({ burst: PACING, ceilBurst: 5_000_000 });
    expect(part(100)).toMatchObject({ burst: PACING, ceilBurst: PACING });
  });
});

describe("goalLeaf", () => {
  const goal = nanoseconds(5_000_000);

  it("has room for what the virtual queue lets in beyond the goal", () => {
    expect(goalLeaf(gigabitsPerSecond(1), goal, false)).toEqual({ kind: "fifo", limit: 2_500_000 });
  });

  it("is fq_codel where the kernel has it, with the goal in its own steps, and room for 100 ms", () => {
    const codel = { target: 5_000_192, interval: 100_000_768 };
    expect(goalLeaf(megabitsPerSecond(100), goal, true)).toEqual({ kind: "segmenter", limit: 1_250_000, codel });
    expect(goalLeaf(gigabitsPerSecond(10), goal, true)).toEqual({ kind: "fifo", limit: 16_000_000, codel });
  });

  it("asks nothing of a slow class that a frame and a half alone take longer for", () => {
    const { codel } = goalLeaf(megabitsPerSecond(1), goal, true);
    expect(codel).toEqual({ target: 18_168_832, interval: 100_000_768 });
    const slower = goalLeaf(bitsPerSecond(64_000), goal, true).codel;
    expect(slower?.interval).toBeGreaterThan((4 * (1.5 * 1514 * 8 * 1e9)) / 64_000 - 1);
  });

  it("is the plain one without a goal", () => {
    expect(goalLeaf(gigabitsPerSecond(1), undefined, true)).toEqual(leafFor(gigabitsPerSecond(1)));
  });
});

describe("cappedTree", () => {
  it("is exact in the root's bucket and paced in that of the class that all traffic is in", () => {
    const tree = cappedTree(gigabitsPerSecond(1), PACING, leafFor(gigabitsPerSecond(1)));
    expect(tree).toMatchObject({ rate: 1e9, burst: 16_000_000 });
    expect(tree.host).toMatchObject({ rate: 8_000, ceil: 1.06e9, ceilBurst: PACING });
  });
});

describe("classWithOverhead", () => {
  it("cuts GSO packets at every rate, for the overhead is counted once a packet", () => {
    const shape = plainShape(gigabitsPerSecond(1), gigabitsPerSecond(10));
    expect(shape.leaf.kind).toBe("fifo");
    expect(classWithOverhead(shape, bytes(24))).toMatchObject({ overhead: 24, leaf: { kind: "segmenter" } });
    expect(classWithOverhead(shape, bytes(0))).toBe(shape);
    expect(classWithOverhead(shape, undefined)).toBe(shape);
  });
});

describe("the host's part", () => {
  it.each([
    [10_000, 100],
    [1000, 10],
    [10, 1],
    [1, 0.5],
  ])("of %d Mbit/s is %d Mbit/s", (capacity, reserve) => {
    expect(hostReserve(megabitsPerSecond(capacity))).toBe(reserve * 1e6);
  });

  it("may grow to the capacity when nobody else wants it", () => {
    const queue = queueTree(gigabitsPerSecond(1));
    expect(queue.rate).toBe(1e9);
    expect(queue.host.ceil).toBe(1e9);
  });
});
