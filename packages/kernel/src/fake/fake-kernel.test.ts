import { expect, test } from "vitest";
import { formatKernelState } from "../format-kernel-state.ts";
import type { LinkEvent } from "../kernel.ts";
import type { KernelError } from "../kernel-error.ts";
import { type HtbClass, type KernelOp, TC_CLSACT, TC_ROOT, type TcHandle, tcHandle } from "../kernel-op.ts";
import { FakeKernel } from "./fake-kernel.ts";

const ours = (minor: number) => tcHandle(0xa09a, minor);
const htb = (rate: number): HtbClass => ({
  rateBytesPerSecond: rate,
  ceilBytesPerSecond: 2 * rate,
  bufferTicks: 78125,
  cbufferTicks: 78125,
  quantumBytes: 65536,
  priority: 0,
});
const root: KernelOp = {
  op: "qdiscReplace",
  link: "nic0",
  parent: TC_ROOT,
  handle: ours(0),
  qdisc: { kind: "htb", defaultMinor: 2, directQueueLength: 1000 },
};
const cls = (minor: number, parent: TcHandle = ours(0)): KernelOp => ({
  op: "classReplace",
  link: "nic0",
  parent,
  classid: ours(minor),
  htb: htb(1_000_000),
});
const leaf = (minor: number): KernelOp => ({
  op: "qdiscReplace",
  link: "nic0",
  parent: ours(minor),
  handle: tcHandle(minor, 0),
  qdisc: { kind: "bfifo", limitBytes: 150000 },
});
const clsact: KernelOp = {
  op: "qdiscReplace",
  link: "nic0",
  parent: TC_CLSACT,
  handle: tcHandle(0xffff, 0),
  qdisc: { kind: "clsact" },
};

function withNic(): FakeKernel {
  const kernel = new FakeKernel({
    programs: ["from_wire"],
    namespaces: ["web1"],
    maps: [
      { name: "slots", type: "array", keySize: 4, valueSize: 8, maxEntries: 2 },
      { name: "stations", type: "hash", keySize: 4, valueSize: 4, maxEntries: 1 },
    ],
  });
  kernel.addLink({ name: "nic0", up: true });
  return kernel;
}
const refusal = (kernel: FakeKernel, ops: KernelOp[]): Promise<KernelError> =>
  kernel.run(ops).then(
    () => expect.unreachable("the operations were not refused"),
    (error: unknown) => error as KernelError,
  );

test("a tree of classes with leaves prints as golden text, and goes with its root", async () => {
  using kernel = withNic();
  await kernel.run([root, cls(1), cls(8, ours(1)), leaf(8), clsact]);
  await kernel.run([{ op: "filterReplace", link: "nic0", preference: 1, program: "from_wire", classid: 3 }]);
  expect(formatKernelState(kernel)).toBe(
    [
      "link nic0 hardware up carrier mtu 1500 mac 02:00:00:00:00:02",
      "  qdisc ingress ffff: clsact",
      "  qdisc root a09a: htb default 0x2 direct_qlen 1000",
      "  qdisc parent a09a:8 8: bfifo limit 150000b",
      "  class a09a:1 parent root htb prio 0 quantum 65536b rate 8000000bit ceil 16000000bit buffer 78125t cbuffer 78125t",
      "  class a09a:8 parent a09a:1 leaf 8: htb prio 0 quantum 65536b rate 8000000bit ceil 16000000bit buffer 78125t cbuffer 78125t",
      "  filter ingress pref 1 bpf from_wire classid 0x3",
      "",
    ].join("\n"),
  );
  await kernel.run([{ op: "qdiscDelete", link: "nic0", parent: TC_ROOT, handle: ours(0) }]);
  expect(kernel.classes("nic0")).toEqual([]);
  expect(kernel.qdiscs("nic0").map(({ qdisc }) => qdisc.kind)).toEqual(["clsact"]);
});

test.each<[string, KernelOp[], string]>([
  ["a class without its qdisc", [cls(1)], "ENOENT"],
  ["a link that is not there", [{ op: "linkSet", link: "nic9", up: true }], "ENODEV"],
  ["hardware cannot be deleted", [{ op: "linkDelete", link: "nic0" }], "EOPNOTSUPP"],
  ["a leaf below a class that is not there", [root, leaf(8)], "ENOENT"],
  [
    "a class with children stays",
    [root, cls(1), cls(8, ours(1)), { op: "classDelete", link: "nic0", classid: ours(1) }],
    "EBUSY",
  ],
  [
    "a filter needs clsact",
    [{ op: "filterReplace", link: "nic0", preference: 1, program: "from_wire", classid: 0 }],
    "EINVAL",
  ],
  ["an array has no entry to delete", [{ op: "mapDelete", map: "slots", key: new Uint8Array(4) }], "EINVAL"],
  [
    "a full hash takes no more",
    [1, 2].map((n) => ({ op: "mapPut", map: "stations", key: new Uint8Array([n, 0, 0, 0]), value: new Uint8Array(4) })),
    "E2BIG",
  ],
])("refuses: %s", async (_name, ops, errno) => {
  using kernel = withNic();
  const error = await refusal(kernel, ops);
  expect(error).toMatchObject({ errno, index: ops.length - 1, code: "KERNEL_REFUSED" });
});

test("a failure that a test asks for comes once, with the operation's place and tc's words", async () => {
  using kernel = withNic();
  kernel.failNext((op) => op.op === "classReplace", "ENOMEM");
  const error = await refusal(kernel, [root, cls(1)]);
  expect(error).toMatchObject({ errno: "ENOMEM", index: 1 });
  expect(error.operation).toMatch(/^tc class replace dev nic0 parent a09a: classid a09a:1 htb/);
  await kernel.run([cls(1)]);
});

test("watchers see a veth pair appear, lose its cable and go", async () => {
  using kernel = withNic();
  const events: LinkEvent[] = [];
  const three = new Promise<void>((resolve) => {
    kernel.watchLinks((event) => {
      events.push(event);
      if (event.kind === "deleted") resolve();
    });
  });
  const peer = { netns: "web1", name: "eth0", mac: "52:54:00:00:00:01", addresses: ["10.0.0.1/24"] };
  await kernel.run([
    { op: "vethCreate", link: "gv-1", peer },
    { op: "linkSet", link: "gv-1", up: true },
  ]);
  expect(kernel.linksInNamespace("web1")).toEqual([peer]);
  kernel.setCarrier("gv-1", false);
  await kernel.run([{ op: "linkDelete", link: "gv-1" }]);
  await three;
  expect(events.filter(({ kind }) => kind === "changed").map((e) => "link" in e && e.link.carrier)).toEqual([
    false,
    true,
    false,
  ]);
  expect(kernel.linksInNamespace("web1")).toEqual([]);
});

test("a NIC that offers it carries out an HTB tree, with a quantum of its own; others refuse, and so do what mlx5 refuses", async () => {
  using kernel = new FakeKernel();
  kernel.addLink({ name: "nic0", up: true, tcOffload: true });
  kernel.addLink({ name: "nic1", up: true });
  const tree = (link: string): KernelOp => ({
    op: "qdiscReplace",
    link,
    parent: TC_ROOT,
    handle: tcHandle(0xa09a, 0),
    qdisc: { kind: "htb", defaultMinor: 2, directQueueLength: 1000, offload: true },
  });
  const cls = (change: Partial<HtbClass>): KernelOp => ({
    op: "classReplace",
    link: "nic0",
    parent: tcHandle(0xa09a, 0),
    classid: tcHandle(0xa09a, 1),
    htb: { ...htb(1_000_000), quantumBytes: 0, ...change },
  });
  await expect(kernel.run([tree("nic1")])).rejects.toMatchObject({ errno: "EOPNOTSUPP" });
  await kernel.run([tree("nic0"), cls({})]);
  expect(kernel.classes("nic0")[0]?.htb).toMatchObject({ quantumBytes: 100_000, offload: true });
  await expect(kernel.run([cls({ quantumBytes: 65_536 })])).rejects.toMatchObject({ errno: "EOPNOTSUPP" });
  await expect(kernel.run([cls({ overheadBytes: 24 })])).rejects.toMatchObject({ errno: "EINVAL" });
});
