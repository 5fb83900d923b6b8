import type { ClassCounterSink, Kernel } from "@gona/kernel";
import {
  bitsPerSecond,
  bytes,
  milliseconds,
  type NicId,
  type NicSpec,
  shares,
  type VifId,
  type VifSpec,
} from "@gona/model";
import { describe, expect, it } from "vitest";
import type { SliceCounters } from "../data-plane.ts";
import type { PromisedSlice, PromisedTree } from "./promised-tree.ts";
import { type TreeContext, TreeWatch } from "./tree-watch.ts";

const ROOT = 0xa09a0001;
const SLICE = 0xa09a0008;
const share = { reserve: bitsPerSecond(0), limit: bitsPerSecond(80e6), shares: shares(100) };
const nic = {
  name: "eth1" as NicId,
  domain: "host",
  fabric: "rack",
  capacity: bitsPerSecond(1e9),
  overhead: bytes(0),
  failback: milliseconds(0),
} as unknown as NicSpec;

/** A tree with one slice in slot 0. */
const tree = (vif = "web1", more: Partial<PromisedSlice> = {}): PromisedTree => {
  const slice: PromisedSlice = {
    guest: vif,
    vif: { id: vif as VifId } as VifSpec,
    nic: nic.name,
    direction: "egress",
    share,
    promised: true,
    managed: false,
    vifSlot: 0,
    number: 3,
    ...more,
  };
  return { nic, direction: "egress", link: "eth1", host: share, bySlot: new Map([[0, slice]]) };
};

/** A second each time: what the slice's class has sent, dropped and holds, and its credit. */
function makeBed() {
  const bed = {
    nowMs: 1000,
    requests: 0,
    dumps: 0,
    sent: { bytes: 0, packets: 0, drops: 0, backlog: 0, tokens: -1 },
    counters: { txBytes: 0n, rxBytes: 0n, txAqmDrops: 0n, rxAqmDrops: 0n } as SliceCounters,
  };
  const kernel: Pick<Kernel, "classCounters"> = {
    classCounters(_link: string, sink: ClassCounterSink, only?: number) {
      sink.begin();
      bed.requests++;
      const { bytes: sent, packets, drops, backlog, tokens } = bed.sent;
      sink.take(ROOT, sent, packets, 0, 0, 1);
      if (only !== undefined) return;
      bed.dumps++;
      sink.take(SLICE, sent, packets, drops, backlog, tokens);
    },
  };
  const context: TreeContext = {
    kernel,
    sliceCounters: (slot, number) => {
      expect([slot, number]).toEqual([0, 3]);
      return bed.counters;
    },
    isCapped: () => false,
    lostNics: () => [],
  };
  const watch = new TreeWatch("eth1", tree(), () => bed.nowMs);
  const look = (change: Partial<typeof bed.sent> = {}, of: PromisedTree = tree()) => {
    bed.nowMs += 1000;
    bed.sent = { ...bed.sent, ...change };
    return watch.look(of, context)?.interval.slices[0];
  };
  return Object.assign(bed, { look });
}

describe("looks at one queue tree", () => {
  it("ask for the root class alone while nothing passes", () => {
    const bed = makeBed();
    bed.look();
    expect(bed.dumps).toBe(1);
    bed.look();
    bed.look();
    expect([bed.dumps, bed.requests]).toEqual([1, 4]);
    expect(bed.look({ bytes: 1_000_000, packets: 800 })?.measured).toMatchObject({
      seconds: 1,
      deliveredBitsPerSecond: 8e6,
    });
  });

  it("go on while something waits although nothing passes", () => {
    const bed = makeBed();
    bed.look({ bytes: 1, backlog: 3000 });
    expect(bed.look()?.measured).toMatchObject({ waiting: true, deliveredBitsPerSecond: 0 });
    expect(bed.dumps).toBe(2);
  });

  it("do not take one vif's bytes for those of the next in its slot", () => {
    const bed = makeBed();
    bed.look({ bytes: 1000 });
    expect(bed.look({ bytes: 2000 }, tree("db1"))).toBeUndefined();
    expect(bed.look({ bytes: 3000 }, tree("db1"))?.measured.deliveredBitsPerSecond).toBe(8000);
  });

  it("count in a row at how many it waited with credit", () => {
    const bed = makeBed();
    const looks = [5, 5, -5, 5].map((tokens, n) => bed.look({ bytes: n + 1, backlog: 1000, tokens })?.stalledLooks);
    expect(looks).toEqual([undefined, 1, 0, 1]);
    expect(bed.look({ bytes: 9 })?.stalledLooks).toBe(2);
  });

  it("ask the program what was offered where something is dropped, and from then on", () => {
    const bed = makeBed();
    bed.look({ bytes: 1 });
    const dropping = (n: number) => {
      bed.counters = { ...bed.counters, txBytes: BigInt(n * 4_000_000) };
      return bed.look({ bytes: n * 1_000_000 + 1, packets: n * 1000, drops: n })?.measured.offeredBitsPerSecond;
    };
    // One GSO packet counts as one drop: before the program is known, the queue's own guess must do.
    expect(dropping(1)).toBeLessThan(10e6);
    expect(dropping(2)).toBe(32e6);
  });

  it("reckon in what active queue management dropped, of its own direction", () => {
    const bed = makeBed();
    const managed = tree("web1", { managed: true });
    bed.look({ bytes: 1 }, managed);
    bed.look({ bytes: 2, packets: 1 }, managed);
    bed.counters = { ...bed.counters, txAqmDrops: 100n, rxAqmDrops: 7n };
    expect(bed.look({ bytes: 125_002, packets: 101 }, managed)?.measured).toMatchObject({
      offeredBitsPerSecond: 2e6,
      deliveredBitsPerSecond: 1e6,
      drops: 100,
    });
  });
});
