import { FakeKernel, TC_ROOT, tcHandle } from "@gona/kernel";
import { describe, expect, it } from "vitest";
import { TreeCounters } from "./tree-counters.ts";

const h = (minor: number) => tcHandle(0xa09a, minor);
const HTB = {
  rateBytesPerSecond: 1000,
  ceilBytesPerSecond: 1000,
  bufferTicks: 1,
  cbufferTicks: 1,
  quantumBytes: 1500,
  priority: 0,
};

/** Root, default class, and the classes of these minors below the root. */
async function makeKernel(...minors: readonly number[]): Promise<FakeKernel> {
  const kernel = new FakeKernel();
  kernel.addLink({ name: "nic", up: true });
  const cls = (minor: number, parent: number) =>
    ({ op: "classReplace", link: "nic", parent: h(parent), classid: h(minor), htb: HTB }) as const;
  const qdisc = { kind: "htb", defaultMinor: 2, directQueueLength: 1 } as const;
  await kernel.run([
    { op: "qdiscReplace", link: "nic", parent: TC_ROOT, handle: h(0), qdisc },
    cls(1, 0),
    cls(2, 1),
    ...minors.map((minor) => cls(minor, minor % 8 === 0 ? 1 : minor - (minor % 8))),
  ]);
  return kernel;
}

describe("the counters of a queue tree", () => {
  it("come by slot, whatever its number", async () => {
    const kernel = await makeKernel(8, 8 * 901);
    kernel.setSent("nic", h(1), { bytes: 9n });
    kernel.setSent("nic", h(2), { bytes: 2n, backlogBytes: 1n });
    kernel.setSent("nic", h(8), { bytes: 5_000_000_000n, packets: 3n, drops: 2n });
    kernel.setSent("nic", h(8 * 901), { bytes: 7n });
    const counters = new TreeCounters(() => 42);
    expect(counters.read(kernel, "nic")).toBe(true);
    expect(counters.slice(0)).toEqual({ atMs: 42, bytes: 5e9, packets: 3, drops: 2, backlogBytes: 0 });
    expect(counters.slice(900)?.bytes).toBe(7);
    expect(counters.slice(1)).toBeUndefined();
    expect([counters.root?.bytes, counters.host?.bytes, counters.isWaiting]).toEqual([9, 2, true]);
    expect(counters.readRoot(kernel, "nic")?.bytes).toBe(9);
  });

  it("of a pacer are no slice's, but a slice that waits for it is not stalled", () => {
    const counters = new TreeCounters(() => 1);
    counters.begin();
    counters.take(h(8 * 601), 100, 1, 0, 50, 10);
    expect(counters.isStalled(600)).toBe(true);
    counters.take(h(0x8008 + 600), 100, 1, 0, 0, -10);
    expect(counters.isStalled(600)).toBe(false);
    expect(counters.slice(600)?.bytes).toBe(100);
    expect(counters.slice(4096 + 600 / 8)).toBeUndefined();
  });

  it("of a slice with parts add up what these hold and dropped", async () => {
    const kernel = await makeKernel(16, 17, 23);
    kernel.setSent("nic", h(16), { bytes: 100n, packets: 2n });
    kernel.setSent("nic", h(17), { bytes: 60n, packets: 1n, drops: 1n, backlogBytes: 10n });
    kernel.setSent("nic", h(23), { bytes: 40n, packets: 1n, drops: 2n, backlogBytes: 20n });
    const counters = new TreeCounters(() => 1);
    counters.read(kernel, "nic");
    expect(counters.slice(1)).toEqual({ atMs: 1, bytes: 100, packets: 2, drops: 3, backlogBytes: 30 });
    expect(counters.isStalled(1)).toBe(true);
    // Read again: not added to what was there.
    counters.read(kernel, "nic");
    expect(counters.slice(1)).toMatchObject({ drops: 3, backlogBytes: 30 });
  });

  it("a slice that is held by its own limit is not stalled", () => {
    const counters = new TreeCounters(() => 1);
    const take = (backlogBytes: number, ceilTokens: number) => {
      counters.begin();
      counters.take(h(8), 1, 1, 0, backlogBytes, ceilTokens);
      return counters.isStalled(0);
    };
    expect([take(10, 5), take(10, -5), take(0, 5)]).toEqual([true, false, false]);
  });

  it("a slice that waits for the NIC's capacity is not stalled", () => {
    const counters = new TreeCounters(() => 1);
    const take = (rootTokens: number) => {
      counters.begin();
      counters.take(h(8), 1, 1, 0, 10, 5);
      counters.take(h(1), 1, 1, 0, 0, rootTokens);
      return counters.isStalled(0);
    };
    expect([take(-1), take(1)]).toEqual([false, true]);
  });

  it("tell what moved", () => {
    const [before, after] = [new TreeCounters(() => 1), new TreeCounters(() => 2)];
    const moved = (bytes: number, drops: number, backlogBytes: number) => {
      before.begin();
      before.take(h(8), 1, 1, 1, 0, 0);
      after.begin();
      after.take(h(8), bytes, 1, drops, backlogBytes, 0);
      return after.moved(0, before);
    };
    expect([moved(1, 1, 0), moved(2, 1, 0), moved(1, 2, 0), moved(1, 1, 1)]).toEqual([false, true, true, true]);
  });

  it("of a link that is gone are none, of other trees neither", () => {
    const counters = new TreeCounters(() => 1);
    expect(counters.read(new FakeKernel(), "nic")).toBe(false);
    expect(counters.slice(0)).toBeUndefined();
    counters.take(tcHandle(8, 1), 9, 9, 9, 9, 0);
    expect(counters.isWaiting).toBe(false);
  });
});
