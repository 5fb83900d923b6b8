import { execFileSync } from "node:child_process";
import { expect, test, vi } from "vitest";
import type { ClassCounterSink } from "../src/kernel.ts";
import { TC_ROOT, tcHandle } from "../src/kernel-op.ts";
import { LinuxKernel } from "../src/linux/linux-kernel.ts";
import { enterCommand } from "../src/namespace/named-namespaces.ts";
import { testNamespaces } from "./test-namespaces.ts";

const HUB = "gona-e-count";
const FAR = "gona-e-count-far";
const ROOT = tcHandle(0xa09a, 1);
const SLICE = tcHandle(0xa09a, 8);

class Taken implements ClassCounterSink {
  readonly classes = new Map<number, { bytes: number; packets: number; drops: number; backlogBytes: number }>();
  readonly ceilTokens = new Map<number, number>();
  begun = 0;

  begin(): void {
    this.begun++;
    this.classes.clear();
  }

  take(classid: number, bytes: number, packets: number, drops: number, backlogBytes: number, ceilTokens: number): void {
    this.classes.set(classid, { bytes, packets, drops, backlogBytes });
    this.ceilTokens.set(classid, ceilTokens);
  }
}

test("the quick counters of a class that is held are those of the whole class", async () => {
  using _namespaces = testNamespaces(HUB, FAR);
  using kernel = LinuxKernel.open({ netns: HUB });
  const htb = (rate: number) => ({
    rateBytesPerSecond: rate,
    ceilBytesPerSecond: rate,
    bufferTicks: 10_000_000,
    cbufferTicks: 10_000_000,
    quantumBytes: 10_000,
    priority: 0,
  });
  await kernel.run([
    {
      op: "vethCreate",
      link: "nic0",
      peer: { netns: FAR, name: "far", mac: "02:00:00:00:00:01", addresses: [] },
    },
    { op: "linkSet", link: "nic0", up: true },
    {
      op: "qdiscReplace",
      link: "nic0",
      parent: TC_ROOT,
      handle: tcHandle(0xa09a, 0),
      qdisc: { kind: "htb", defaultMinor: 8, directQueueLength: 10 },
    },
    { op: "classReplace", link: "nic0", parent: tcHandle(0xa09a, 0), classid: ROOT, htb: htb(1_000_000) },
    { op: "classReplace", link: "nic0", parent: ROOT, classid: SLICE, htb: htb(200) },
    {
      op: "qdiscReplace",
      link: "nic0",
      parent: SLICE,
      handle: tcHandle(8, 0),
      qdisc: { kind: "bfifo", limitBytes: 20_000 },
    },
  ]);
  // 50 datagrams of 1000 bytes: the first leaves at once, 20 kB wait, one each 5 s leaves, the rest is dropped.
  const script =
    "ip addr add 10.7.0.1/24 dev nic0; ip neigh add 10.7.0.9 lladdr 02:00:00:00:00:01 dev nic0; " +
    "for n in {1..50}; do head -c 1000 /dev/zero > /dev/udp/10.7.0.9/9; done";
  const [program, ...words] = enterCommand(HUB, ["bash", "-c", script]);
  execFileSync(program, words);
  // What waits drains between two looks; equal looks before and after say that those between saw the same.
  const look = () => {
    const taken = new Taken();
    kernel.classCounters("nic0", taken);
    const whole = kernel.classes("nic0").map(({ classid, sent: { bytes, packets, drops, backlogBytes } }) => {
      const numbers = { bytes: Number(bytes), packets: Number(packets), drops: Number(drops) };
      return [classid, { ...numbers, backlogBytes: Number(backlogBytes) }] as const;
    });
    const one = new Taken();
    kernel.classCounters("nic0", one, ROOT);
    const root = [...one.classes];
    const again = new Taken();
    kernel.classCounters("nic0", again);
    expect(again.classes).toEqual(taken.classes);
    return { taken, whole, one, root };
  };
  const { taken, whole, one, root } = await vi.waitFor(look, { timeout: 30_000, interval: 10 });
  expect(taken.classes).toEqual(new Map(whole));
  expect(taken.begun).toBe(1);
  expect(root).toEqual([[ROOT, taken.classes.get(ROOT)]]);
  kernel.classCounters("nic0", one, tcHandle(0xa09a, 9));
  expect(one.classes.size).toBe(0);
  const slice = taken.classes.get(SLICE);
  expect(slice?.drops).toBeGreaterThan(20);
  expect(slice?.backlogBytes).toBeGreaterThan(10_000);
  expect(slice?.bytes).toBeGreaterThan(1000);
  // Held by its own ceil, while the root has credit.
  expect(taken.ceilTokens.get(SLICE)).toBeLessThan(0);
  expect(taken.ceilTokens.get(ROOT)).toBeGreaterThan(0);
});
