import { expect, test } from "vitest";
import { FakeKernel } from "../fake/fake-kernel.ts";
import type { LinkEvent } from "../kernel.ts";
import { KernelError } from "../kernel-error.ts";
import { type HtbClass, type KernelOp, TC_CLSACT, TC_ROOT, tcHandle } from "../kernel-op.ts";
import { PlacedKernel } from "./placed-kernel.ts";

const HTB: HtbClass = {
  rateBytesPerSecond: 1_000_000,
  ceilBytesPerSecond: 1_000_000,
  bufferTicks: 78_125,
  cbufferTicks: 78_125,
  quantumBytes: 65_536,
  priority: 0,
};
const ROOT = tcHandle(0xa09a, 0);

/** A hub with eth3, and two domains with eth1 and eth2. */
function placed() {
  const hub = new FakeKernel({ maps: [{ name: "m", type: "hash", keySize: 4, valueSize: 4, maxEntries: 9 }] });
  hub.addProgram("prog");
  const a = hub.enter("ns-a");
  const b = hub.enter("ns-b");
  a.addLink({ name: "lo" });
  a.addLink({ name: "eth1", up: true });
  b.addLink({ name: "eth2", up: true });
  hub.addLink({ name: "eth3", up: true });
  const kernel = new PlacedKernel(hub);
  kernel.setDomain("a", a);
  kernel.setDomain("b", b);
  return { hub, a, b, kernel };
}
const root = (link: string): KernelOp => ({
  op: "qdiscReplace",
  link,
  parent: TC_ROOT,
  handle: ROOT,
  qdisc: { kind: "htb", defaultMinor: 2, directQueueLength: 1000 },
});
const cls = (link: string, minor: number): KernelOp => ({
  op: "classReplace",
  link,
  parent: ROOT,
  classid: tcHandle(0xa09a, minor),
  htb: HTB,
});
const clsact = (link: string): KernelOp => ({
  op: "qdiscReplace",
  link,
  parent: TC_CLSACT,
  handle: tcHandle(0xffff, 0),
  qdisc: { kind: "clsact" },
});
const mapPut: KernelOp = { op: "mapPut", map: "m", key: new Uint8Array(4), value: new Uint8Array(4) };

test("operations go where their links are, maps to the hub", async () => {
  const { hub, a, b, kernel } = placed();
  await kernel.run([root("eth1"), root("eth2"), root("eth3"), mapPut, clsact("eth1")]);
  expect(a.qdiscs("eth1")).toHaveLength(2);
  expect(b.qdiscs("eth2")).toHaveLength(1);
  expect(hub.log.map(({ op }) => op)).toEqual(["qdiscReplace", "mapPut"]);
  expect(kernel.qdiscs().map(({ link }) => link)).toEqual(["eth3", "eth1", "eth1", "eth2"]);
  expect(kernel.map("m").get(new Uint8Array(4))).toEqual(new Uint8Array(4));
});

test("links are told with their domain; a domain's hide those of the hub that are called alike", () => {
  const { hub, kernel } = placed();
  hub.addLink({ name: "eth1" });
  hub.addLink({ name: "lo" });
  expect(kernel.links().map(({ name, domain }) => [name, domain])).toEqual([
    ["eth3", undefined],
    ["lo", undefined],
    ["eth1", "a"],
    ["eth2", "b"],
  ]);
  expect(kernel.link("eth2")?.domain).toBe("b");
  expect(kernel.link("lo")?.domain).toBeUndefined();
  expect([kernel.domainOf("eth1"), kernel.domainOf("eth3"), kernel.domainOf("lo")]).toEqual([
    "a",
    undefined,
    undefined,
  ]);
});

test("a thousand classes on two domains in turn are two lists, and stay behind what came before", async () => {
  const { a, b, kernel } = placed();
  let calls = 0;
  for (const one of [a, b]) {
    const run = one.run.bind(one);
    one.run = (ops) => {
      calls++;
      return run(ops);
    };
  }
  const ops = Array.from({ length: 1000 }, (_, place) => cls(place % 2 === 0 ? "eth1" : "eth2", 8 + place));
  await kernel.run([root("eth1"), root("eth2"), ...ops]);
  expect(calls).toBe(2);
  expect(a.classes("eth1")).toHaveLength(500);
  expect(b.classes("eth2")).toHaveLength(500);
});

test("of several refusals the first in the list is thrown, with its place; nothing behind its row runs", async () => {
  const { hub, a, b, kernel } = placed();
  a.failNext((op) => op.op === "classReplace", "EIO");
  b.failNext((op) => op.op === "classReplace", "ENOSPC");
  const ops = [mapPut, root("eth1"), root("eth2"), cls("eth2", 8), cls("eth1", 8), cls("eth3", 8), mapPut];
  const error: unknown = await kernel.run(ops).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(KernelError);
  expect(error).toMatchObject({ index: 3, errno: "ENOSPC" });
  expect(hub.log.filter(({ op }) => op === "mapPut")).toHaveLength(1);
});

test("filters and maps keep their order over all places", async () => {
  const { hub, a, kernel } = placed();
  const order: string[] = [];
  for (const [name, one] of [
    ["hub", hub],
    ["a", a],
  ] as const) {
    const run = one.run.bind(one);
    one.run = (ops) => {
      order.push(...ops.map(({ op }) => `${name} ${op}`));
      return run(ops);
    };
  }
  const filter = (link: string): KernelOp => ({
    op: "filterReplace",
    link,
    preference: 1,
    program: "prog",
    classid: 4,
  });
  await kernel.run([clsact("eth1"), filter("eth1"), mapPut, clsact("eth3"), filter("eth3"), filter("eth1")]);
  expect(order).toEqual([
    "a qdiscReplace",
    "a filterReplace",
    "hub mapPut",
    "hub qdiscReplace",
    "hub filterReplace",
    "a filterReplace",
  ]);
});

test("a link that moves is asked for where it arrives, also within one list", async () => {
  const { hub, a, kernel } = placed();
  await kernel.run([root("eth3"), { op: "linkMove", link: "eth3", netns: "ns-a" }, root("eth3")]);
  expect([hub.has("eth3"), a.has("eth3"), a.qdiscs("eth3").length]).toEqual([false, true, 1]);
  await kernel.run([{ op: "linkMove", link: "eth3", netns: "hub" }]);
  expect(kernel.link("eth3")).toMatchObject({ up: false });
  expect(kernel.domainOf("eth3")).toBeUndefined();
});

test("who watches hears of all places, and is told to list anew when a domain comes or goes", async () => {
  const { hub, b, kernel } = placed();
  const events: LinkEvent[] = [];
  using _watch = kernel.watchLinks((event) => events.push(event));
  b.setCarrier("eth2", false);
  hub.setCarrier("eth3", false);
  await new Promise(setImmediate);
  expect(events).toMatchObject([
    { kind: "changed", link: { name: "eth2", domain: "b", carrier: false } },
    { kind: "changed", link: { name: "eth3", carrier: false } },
  ]);
  kernel.setDomain("b", undefined);
  expect(events.at(-1)).toMatchObject({ kind: "overrun" });
  expect(kernel.link("eth2")).toBeUndefined();
  b.setCarrier("eth2", true);
  await new Promise(setImmediate);
  expect(events).toHaveLength(3);
  kernel.setDomain("c", hub.enter("ns-c"));
  expect(events.at(-1)).toMatchObject({ kind: "overrun" });
  hub.enter("ns-c").addLink({ name: "eth5" });
  await new Promise(setImmediate);
  expect(events.at(-1)).toMatchObject({ kind: "changed", link: { name: "eth5", domain: "c" } });
});

test("a trunk joins two places; with one end the other goes", async () => {
  const { a, kernel } = placed();
  const trunk: KernelOp = { op: "vethPairCreate", link: "gt-eth1", peer: "gd-eth1", mtu: 1500, netns: "ns-a" };
  await kernel.run([trunk]);
  const [hubEnd, domainEnd] = [kernel.link("gt-eth1"), kernel.link("gd-eth1")];
  expect(hubEnd).toMatchObject({ up: true, carrier: true, peerElsewhere: true });
  expect(hubEnd?.peer).toBeUndefined();
  expect(domainEnd).toMatchObject({ domain: "a", up: true, carrier: true, peerElsewhere: true });
  expect(hubEnd?.ifindex).not.toBe(domainEnd?.ifindex);
  await kernel.run([{ op: "linkSet", link: "gd-eth1", up: false }]);
  expect(kernel.link("gt-eth1")?.carrier).toBe(false);
  // Made anew, and its far end found, within one list.
  await kernel.run([{ op: "linkDelete", link: "gd-eth1" }, trunk, { op: "linkSet", link: "gd-eth1", mtu: 9000 }]);
  expect(kernel.link("gd-eth1")).toMatchObject({ domain: "a", mtu: 9000 });
  await kernel.run([{ op: "linkDelete", link: "gd-eth1" }]);
  expect([kernel.link("gt-eth1"), a.link("gd-eth1")]).toEqual([undefined, undefined]);
});
