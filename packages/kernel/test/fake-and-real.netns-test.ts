import fc from "fast-check";
import { expect, test } from "vitest";
import { FakeKernel } from "../src/fake/fake-kernel.ts";
import { formatKernelState } from "../src/format-kernel-state.ts";
import type { Kernel } from "../src/kernel.ts";
import { KernelError } from "../src/kernel-error.ts";
import {
  type HtbClass,
  type KernelOp,
  type Qdisc,
  TC_CLSACT,
  TC_ROOT,
  type TcHandle,
  tcHandle,
} from "../src/kernel-op.ts";
import { LinuxKernel } from "../src/linux/linux-kernel.ts";
import { FIXTURE_MAPS, FIXTURE_PROGRAMS, loadFixture } from "./bpf-fixture.ts";
import { testNamespaces } from "./test-namespaces.ts";

const HUB = "gona-k-same";
const GUEST = "gona-k-same-guest";
const LINKS = ["nic0", "nic1"] as const;
const MAPS = { test_slots: "hex", test_stations: "hex" } as const;
const handles = [1, 2, 8, 16].map((minor) => tcHandle(0xa09a, minor));
const ROOT_HANDLE = tcHandle(0xa09a, 0);
const htbRoot: Qdisc = { kind: "htb", defaultMinor: 2, directQueueLength: 1000 };
const htb = (change: Partial<HtbClass> = {}): HtbClass => ({
  rateBytesPerSecond: 125_000_000,
  ceilBytesPerSecond: 250_000_000,
  bufferTicks: 78_125,
  cbufferTicks: 78_125,
  quantumBytes: 65_536,
  priority: 0,
  ...change,
});

/** The fake kernel and the real one, given the same operations and compared after each. */
class Pair implements Disposable {
  readonly fake = new FakeKernel({ maps: FIXTURE_MAPS, programs: FIXTURE_PROGRAMS, namespaces: [GUEST] });
  readonly #stack = new DisposableStack();
  readonly #real: LinuxKernel;

  constructor() {
    this.#stack.use(testNamespaces(HUB, GUEST));
    const bpf = this.#stack.use(loadFixture());
    this.#real = this.#stack.use(LinuxKernel.open({ netns: HUB }));
    this.#real.useBpf(bpf);
  }

  /** Runs the list on both. The errno and place of the refusal, `ok` without one. */
  async run(ops: readonly KernelOp[]): Promise<string> {
    const [fake, real] = [await outcome(this.fake, ops), await outcome(this.#real, ops)];
    const words = ops.map((op) => JSON.stringify(op)).join("\n");
    expect(fake, `the fake kernel's answer to\n${words}`).toBe(real);
    expect(print(this.fake), `the fake kernel's state after\n${words}`).toBe(print(this.#real));
    return real;
  }

  async addNics(): Promise<void> {
    for (const [number, link] of LINKS.entries()) {
      const peer = { netns: GUEST, name: `far${number}`, mac: `02:00:00:00:02:0${number}`, addresses: [] };
      await this.run([
        { op: "vethCreate", link, peer },
        { op: "linkSet", link, up: true, mac: `02:00:00:00:01:0${number}` },
      ]);
    }
  }

  /** Without queues, filters and entries; the links stay. Compares nothing: a walk may have parted the two. */
  async clear(): Promise<void> {
    const ops: KernelOp[] = LINKS.flatMap((link): KernelOp[] => [
      { op: "qdiscDelete", link, parent: TC_ROOT, handle: ROOT_HANDLE },
      { op: "qdiscDelete", link, parent: TC_CLSACT, handle: tcHandle(0xffff, 0) },
    ]);
    for (const key of [0, 1, 2]) ops.push({ op: "mapDelete", map: "test_stations", key: u32(key) });
    for (const op of ops) {
      await outcome(this.fake, [op]);
      await outcome(this.#real, [op]);
    }
  }

  print(): string {
    return print(this.#real);
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

const print = (kernel: Kernel): string => formatKernelState(kernel, { links: LINKS, maps: MAPS });
const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const outcome = (kernel: Kernel, ops: readonly KernelOp[]): Promise<string> =>
  kernel.run(ops).then(
    () => "ok",
    (error: unknown) => {
      if (error instanceof KernelError) return `${error.errno} at ${error.index}`;
      throw error;
    },
  );

const qdiscs: readonly Qdisc[] = [
  { kind: "bfifo", limitBytes: 150_000 },
  { kind: "bfifo", limitBytes: 300_000 },
  { kind: "pfifo", limitPackets: 50 },
  { kind: "tbf", rateBytesPerSecond: 6_250_000_000, bufferTicks: 31, limitBytes: 400_000 },
];

test("the same operations of every kind leave the same golden text in both", async () => {
  using pair = new Pair();
  await pair.addNics();
  const tree: KernelOp[] = [
    { op: "qdiscReplace", link: "nic0", parent: TC_ROOT, handle: ROOT_HANDLE, qdisc: htbRoot },
    { op: "classReplace", link: "nic0", parent: ROOT_HANDLE, classid: tcHandle(0xa09a, 1), htb: htb() },
    ...[2, 8, 16].map(
      (minor, place): KernelOp => ({
        op: "classReplace",
        link: "nic0",
        parent: tcHandle(0xa09a, 1),
        classid: tcHandle(0xa09a, minor),
        htb: htb({ rateBytesPerSecond: [8000, 4_295_000_000, 12_500_000_000][place] as number, priority: place }),
      }),
    ),
    ...[2, 8, 16].map(
      (minor, place): KernelOp => ({
        op: "qdiscReplace",
        link: "nic0",
        parent: tcHandle(0xa09a, minor),
        handle: tcHandle(minor, 0),
        qdisc: qdiscs[place + 1] as Qdisc,
      }),
    ),
    { op: "qdiscReplace", link: "nic0", parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } },
    { op: "mapPut", map: "test_slots", key: u32(3), value: new Uint8Array(8).fill(7) },
    { op: "mapPut", map: "test_stations", key: u32(1), value: u32(9) },
    { op: "mapPut", map: "test_stations", key: u32(2), value: u32(10) },
    { op: "filterReplace", link: "nic0", preference: 1, program: "test_count", classid: 99 },
    { op: "filterReplace", link: "nic0", preference: 7, program: "test_pass", classid: 0 },
    { op: "linkSet", link: "nic1", mtu: 9000, txQueueLength: 5000, promiscuous: true, alias: "gona vif wëb1" },
  ];
  expect(await pair.run(tree)).toBe("ok");
  expect(pair.print()).toMatchInlineSnapshot(`
    "link nic0 veth up carrier mtu 1500 mac 02:00:00:00:01:00 peer-elsewhere
      qdisc ingress ffff: clsact
      qdisc root a09a: htb default 0x2 direct_qlen 1000
      qdisc parent a09a:2 2: bfifo limit 300000b
      qdisc parent a09a:8 8: pfifo limit 50p
      qdisc parent a09a:10 10: tbf rate 50000000000bit buffer 31t limit 400000b
      class a09a:1 parent root htb prio 0 quantum 65536b rate 1000000000bit ceil 2000000000bit buffer 78125t cbuffer 78125t
      class a09a:2 parent a09a:1 leaf 2: htb prio 0 quantum 65536b rate 64000bit ceil 2000000000bit buffer 78125t cbuffer 78125t
      class a09a:8 parent a09a:1 leaf 8: htb prio 1 quantum 65536b rate 34360000000bit ceil 2000000000bit buffer 78125t cbuffer 78125t
      class a09a:10 parent a09a:1 leaf 10: htb prio 2 quantum 65536b rate 100000000000bit ceil 2000000000bit buffer 78125t cbuffer 78125t
      filter ingress pref 1 bpf test_count classid 0x63
      filter ingress pref 7 bpf test_pass classid 0x0
    link nic1 veth up carrier mtu 9000 mac 02:00:00:00:01:01 peer-elsewhere alias "gona vif wëb1"
    map test_slots
      03000000 0707070707070707
    map test_stations
      01000000 09000000
      02000000 0a000000
    "
  `);
  // The same once more changes nothing.
  const before = pair.print();
  expect(await pair.run(tree)).toBe("ok");
  expect(pair.print()).toBe(before);
  // Every way back.
  await pair.run([{ op: "filterReplace", link: "nic0", preference: 1, program: "test_pass", classid: 4 }]);
  await pair.run([{ op: "filterDelete", link: "nic0", preference: 7 }]);
  await pair.run([{ op: "mapDelete", map: "test_stations", key: u32(1) }]);
  await pair.run([{ op: "classDelete", link: "nic0", classid: tcHandle(0xa09a, 16) }]);
  await pair.run([{ op: "qdiscDelete", link: "nic0", parent: tcHandle(0xa09a, 8), handle: tcHandle(8, 0) }]);
  await pair.run([{ op: "linkSet", link: "nic0", up: false }]);
  await pair.run([{ op: "qdiscDelete", link: "nic0", parent: TC_ROOT, handle: ROOT_HANDLE }]);
  await pair.run([{ op: "linkDelete", link: "nic1" }]);
});

test("a tbf that is changed tells the fifo inside its limit, in both", async () => {
  using pair = new Pair();
  await pair.addNics();
  const inside = tcHandle(16, 1);
  const tbf = (limitBytes: number): KernelOp => ({
    op: "qdiscReplace",
    link: "nic0",
    parent: TC_ROOT,
    handle: tcHandle(16, 0),
    qdisc: { kind: "tbf", rateBytesPerSecond: 6_250_000_000, bufferTicks: 31, limitBytes },
  });
  const fifo: KernelOp = {
    op: "qdiscReplace",
    link: "nic0",
    parent: inside,
    handle: tcHandle(17, 0),
    qdisc: { kind: "bfifo", limitBytes: 400_000 },
  };
  expect(await pair.run([tbf(400_000), fifo, tbf(100_000)])).toBe("ok");
  expect(pair.print()).toContain("qdisc parent 10:1 11: bfifo limit 100000b");
});

test("a refusal stops the list in both, with the same errno and place", async () => {
  using pair = new Pair();
  await pair.addNics();
  const root: KernelOp = { op: "qdiscReplace", link: "nic0", parent: TC_ROOT, handle: ROOT_HANDLE, qdisc: htbRoot };
  const refusals: [KernelOp, string][] = [
    [{ op: "linkSet", link: "nowhere", up: true }, "ENODEV"],
    [{ op: "linkSet", link: "a-name-that-no-link-can-have", up: true }, "ENODEV"],
    [
      { op: "vethCreate", link: "nic0", peer: { netns: GUEST, name: "x", mac: "02:00:00:00:00:09", addresses: [] } },
      "EEXIST",
    ],
    [{ op: "linkSet", link: "nic0", mac: "02:00" }, "EINVAL"],
    [
      {
        op: "vethCreate",
        link: "new",
        peer: { netns: "gona-k-none", name: "x", mac: "02:00:00:00:00:09", addresses: [] },
      },
      "ENOENT",
    ],
    [{ op: "filterReplace", link: "nic0", preference: 1, program: "test_count", classid: 0 }, "EINVAL"],
    [{ op: "filterReplace", link: "nic0", preference: 1, program: "unknown", classid: 0 }, "ENOENT"],
    [{ op: "filterDelete", link: "nic0", preference: 1 }, "EINVAL"],
    [{ op: "mapPut", map: "test_slots", key: u32(4), value: new Uint8Array(8) }, "E2BIG"],
    [{ op: "mapDelete", map: "test_slots", key: u32(0) }, "EINVAL"],
    [{ op: "mapPut", map: "unknown", key: u32(0), value: u32(0) }, "ENOENT"],
    [{ ...root, qdisc: { ...htbRoot, defaultMinor: 3 } } as KernelOp, "EINVAL"],
  ];
  for (const [op, errno] of refusals) {
    expect(await pair.run([root, op, { op: "linkSet", link: "nic0", mtu: 1400 }]), JSON.stringify(op)).toBe(
      `${errno} at 1`,
    );
  }
});

test("random walks over queues, filters and maps never part the two", async () => {
  using pair = new Pair();
  await pair.addNics();
  const link = fc.constantFrom(...LINKS);
  const cls = fc.constantFrom(...handles);
  const parent = fc.constantFrom(ROOT_HANDLE, TC_ROOT, ...handles);
  const preference = fc.integer({ min: 1, max: 2 });
  const clsact = { parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } } as const;
  const leafHandle = fc.constantFrom(1, 2, 3).map((major): TcHandle => tcHandle(major, 0));
  const op: fc.Arbitrary<KernelOp> = fc.oneof(
    link.map((link) => ({ op: "qdiscReplace" as const, link, parent: TC_ROOT, handle: ROOT_HANDLE, qdisc: htbRoot })),
    link.map((link) => ({ op: "qdiscReplace" as const, link, ...clsact })),
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constant("classReplace" as const),
        link,
        parent,
        classid: cls,
        htb: fc.record({ quantumBytes: fc.integer({ min: 1000, max: 1 << 20 }), priority: fc.nat(7) }).map(htb),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constant("qdiscReplace" as const),
        link,
        parent: cls,
        handle: leafHandle,
        qdisc: fc.constantFrom(...qdiscs),
      }),
    },
    fc.record({ op: fc.constant("classDelete" as const), link, classid: cls }),
    fc.record({ op: fc.constant("qdiscDelete" as const), link, parent: cls, handle: leafHandle }),
    fc.record({
      op: fc.constant("qdiscDelete" as const),
      link,
      parent: fc.constant(TC_ROOT),
      handle: fc.constant(ROOT_HANDLE),
    }),
    fc.record({
      op: fc.constant("qdiscDelete" as const),
      link,
      parent: fc.constant(TC_CLSACT),
      handle: fc.constant(clsact.handle),
    }),
    fc.record({
      op: fc.constant("filterReplace" as const),
      link,
      preference,
      program: fc.constantFrom(...FIXTURE_PROGRAMS),
      classid: fc.integer({ min: 4, max: 99 }),
    }),
    fc.record({ op: fc.constant("filterDelete" as const), link, preference }),
    fc.record({
      op: fc.constant("mapPut" as const),
      map: fc.constant("test_stations"),
      key: fc.nat(2).map(u32),
      value: fc.nat().map(u32),
    }),
    fc.record({ op: fc.constant("mapDelete" as const), map: fc.constant("test_stations"), key: fc.nat(2).map(u32) }),
  );
  await fc.assert(
    fc
      .asyncProperty(fc.array(op, { minLength: 10, maxLength: 60 }), async (ops) => {
        for (const one of ops) await pair.run([one]);
      })
      .afterEach(() => pair.clear()),
    { numRuns: 60, seed: 20, endOnFailure: false },
  );
});
