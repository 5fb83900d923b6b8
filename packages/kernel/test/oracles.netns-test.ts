import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type HtbClass, type KernelOp, type Qdisc, TC_CLSACT, TC_ROOT, tcHandle } from "../src/kernel-op.ts";
import { LinuxKernel } from "../src/linux/linux-kernel.ts";
import { enterCommand } from "../src/namespace/named-namespaces.ts";
import { loadFixture } from "./bpf-fixture.ts";
import { testNamespaces } from "./test-namespaces.ts";

const HUB = "gona-k-oracle";
const GUEST = "gona-k-oracle-far";
const h = (minor: number) => tcHandle(0xa09a, minor);
const MAC = "02:00:00:00:00:01";

/** 64 kbit/s, the last rates of 32 bits, the first beyond, 100 Gbit/s, 1 Tbit/s; bytes/s. */
const RATES = [8_000, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 12_500_000_000, 125_000_000_000];
const htb = (rate: number, place = 0): HtbClass => ({
  rateBytesPerSecond: rate,
  ceilBytesPerSecond: 125_000_000_000 - place,
  bufferTicks: 78_125 + place,
  cbufferTicks: 0xffffffff - place,
  quantumBytes: 65_536 + place,
  priority: place % 8,
});

function command(argv: readonly string[]): string {
  const [program, ...rest] = enterCommand(HUB, argv);
  return execFileSync(program, rest, { encoding: "utf8" });
}
const tc = (...words: string[]): unknown => JSON.parse(command(["tc", "-j", ...words]));
interface Pyroute2View {
  readonly classes: readonly { readonly classid: number; readonly [field: string]: number }[];
  readonly qdiscs: readonly object[];
  readonly link: object;
}
function pyroute2(what: "read" | "write"): Pyroute2View {
  const script = join(import.meta.dirname, "oracles.py");
  return JSON.parse(execFileSync("/usr/bin/python3", [script, what, HUB, "nic0"], { encoding: "utf8" }));
}
const byClassid = (a: { classid: number }, b: { classid: number }): number => a.classid - b.classid;

async function withNic(work: (kernel: LinuxKernel) => Promise<void>): Promise<void> {
  using _namespaces = testNamespaces(HUB, GUEST);
  using bpf = loadFixture();
  using kernel = LinuxKernel.open({ netns: HUB });
  kernel.useBpf(bpf);
  await kernel.run([
    {
      op: "vethCreate",
      link: "nic0",
      peer: { netns: GUEST, name: "far", mac: MAC, addresses: ["10.8.0.1/24", "fd00:8::1/64"] },
    },
    { op: "linkSet", link: "nic0", up: true, mac: "02:00:00:00:00:02", mtu: 9000, txQueueLength: 77 },
  ]);
  await work(kernel);
}
const root: KernelOp = {
  op: "qdiscReplace",
  link: "nic0",
  parent: TC_ROOT,
  handle: h(0),
  qdisc: { kind: "htb", defaultMinor: 0x20, directQueueLength: 123 },
};
const cls = (minor: number, shape: HtbClass): KernelOp => ({
  op: "classReplace",
  link: "nic0",
  parent: minor === 1 ? h(0) : h(1),
  classid: h(minor),
  htb: shape,
});
const leaf = (minor: number, qdisc: Qdisc): KernelOp => ({
  op: "qdiscReplace",
  link: "nic0",
  parent: h(minor),
  handle: tcHandle(minor, 0),
  qdisc,
});

test("rates from 64 kbit/s over 34.36 Gbit/s to 1 Tbit/s are exact to us, to tc and to pyroute2", () =>
  withNic(async (kernel) => {
    const shapes = RATES.map((rate, place) => htb(rate, place));
    await kernel.run([
      root,
      cls(1, htb(125_000_000_000)),
      ...shapes.map((shape, place) => cls(8 * (place + 1), shape)),
    ]);
    const ours = kernel.classes("nic0").filter(({ classid }) => classid !== h(1));
    expect(ours.sort(byClassid).map((c) => c.htb)).toEqual(shapes);
    const theirs = pyroute2("read").classes.filter(({ classid }) => classid !== h(1));
    expect(theirs.sort(byClassid)).toEqual(
      shapes.map((shape, place) => ({
        classid: h(8 * (place + 1)),
        parent: h(1),
        leaf: 0,
        rate: Math.min(shape.rateBytesPerSecond, 2 ** 32 - 1),
        ceil: Math.min(shape.ceilBytesPerSecond, 2 ** 32 - 1),
        buffer: shape.bufferTicks,
        cbuffer: shape.cbufferTicks,
        quantum: shape.quantumBytes,
        prio: shape.priority,
      })),
    );
    // tc 6.1 has no JSON for HTB classes but prints the rates in its own units.
    const words = command(["tc", "class", "show", "dev", "nic0"]);
    expect(words).toMatch(/class htb a09a:8 parent a09a:1 prio 0 rate 64Kbit ceil 1Tbit /);
    expect(words).toMatch(/class htb a09a:30 parent a09a:1 prio 5 rate 100Gbit ceil /);
    expect(words).toMatch(/class htb a09a:28 parent a09a:1 prio 4 rate 34359Mbit ceil /);
  }));

test("what each packet costs beside its bytes is to tc what we asked for, and read back, also from tc", () =>
  withNic(async (kernel) => {
    const shape = { ...htb(1e9), overheadBytes: 24 };
    await kernel.run([root, cls(1, htb(1e9)), cls(8, shape)]);
    const eight = () => kernel.classes("nic0").find(({ classid }) => classid === h(8))?.htb;
    expect(eight()).toEqual(shape);
    expect(command(["tc", "-d", "class", "show", "dev", "nic0", "classid", "a09a:8"])).toMatch(/ overhead 24 /);
    await kernel.run([cls(8, htb(1e9))]);
    expect(eight()).toEqual(htb(1e9));
    const words = "tc class replace dev nic0 parent a09a:1 classid a09a:8 htb rate 8gbit overhead 38";
    command(words.split(" "));
    expect(eight()).toMatchObject({ rateBytesPerSecond: 1e9, overheadBytes: 38 });
  }));

test("every qdisc is to tc what we asked for", () =>
  withNic(async (kernel) => {
    await kernel.run([
      root,
      cls(1, htb(1e9)),
      ...[2, 3, 4].map((minor) => cls(minor, htb(1e8))),
      leaf(2, { kind: "bfifo", limitBytes: 150_000 }),
      leaf(3, { kind: "pfifo", limitPackets: 77 }),
      leaf(4, { kind: "tbf", rateBytesPerSecond: 6_250_000_000, bufferTicks: 31, limitBytes: 400_000 }),
      { op: "qdiscReplace", link: "nic0", parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } },
    ]);
    const seen = tc("qdisc", "show", "dev", "nic0") as { handle: string }[];
    expect(seen.sort((a, b) => (a.handle < b.handle ? -1 : 1))).toMatchObject([
      // tc rounds the 1984 ns down to a microsecond: 12,400 bytes are meant.
      { kind: "bfifo", handle: "2:", parent: "a09a:2", options: { limit: 150_000 } },
      { kind: "pfifo", handle: "3:", parent: "a09a:3", options: { limit: 77 } },
      { kind: "tbf", handle: "4:", parent: "a09a:4", options: { rate: 6_250_000_000, burst: 6250 } },
      { kind: "htb", handle: "a09a:", root: true, options: { default: "0x20", direct_qlen: 123 } },
      { kind: "clsact", handle: "ffff:", parent: "ffff:fff1" },
    ]);
    expect(pyroute2("read").qdiscs).toContainEqual({ kind: "tbf", parent: h(4), handle: tcHandle(4, 0) });
  }));

test("a tree that the NIC is to carry out is refused to us in the words that tc hears", () =>
  withNic(async (kernel) => {
    const offloaded: KernelOp = {
      ...root,
      qdisc: { kind: "htb", defaultMinor: 0x20, directQueueLength: 123, offload: true },
    } as KernelOp;
    const words = "hw-tc-offload ethtool feature flag must be on";
    await expect(kernel.run([offloaded])).rejects.toMatchObject({
      errno: "EOPNOTSUPP",
      message: expect.stringContaining(words),
    });
    const asTc = spawnSync(
      "nsenter",
      [
        `--net=/run/netns/${HUB}`,
        "tc",
        ..."qdisc replace dev nic0 root handle a09a: htb default 20 direct_qlen 123 offload".split(" "),
      ],
      { encoding: "utf8" },
    );
    expect(asTc.stderr).toContain(words);
    // Below another qdisc the kernel says that it can only be the root: what we send is read as offload, not ignored.
    await kernel.run([root, cls(1, htb(1e9)), cls(2, htb(1e8))]);
    await expect(
      kernel.run([leaf(2, { kind: "htb", defaultMinor: 1, directQueueLength: 1, offload: true })]),
    ).rejects.toMatchObject({ errno: "EOPNOTSUPP", message: expect.stringContaining("must be the root qdisc") });
  }));

test("a filter is to tc a BPF program in direct action mode, and is replaced in place", () =>
  withNic(async (kernel) => {
    const filter = (program: string, classid: number): KernelOp => ({
      op: "filterReplace",
      link: "nic0",
      preference: 40_000,
      program,
      classid,
    });
    await kernel.run([
      { op: "qdiscReplace", link: "nic0", parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } },
      filter("test_count", 0x123),
      filter("test_pass", 0x124),
    ]);
    const programs = (tc("filter", "show", "dev", "nic0", "ingress") as { options?: object }[]).filter(
      (f) => f.options,
    );
    expect(programs).toMatchObject([
      {
        protocol: "all",
        pref: 40_000,
        kind: "bpf",
        options: {
          handle: "0x1",
          bpf_name: "test_pass",
          "direct-action": true,
          prog: { id: kernel.program("test_pass").id },
        },
      },
    ]);
    expect(kernel.filters("nic0")).toEqual([
      {
        link: "nic0",
        preference: 40_000,
        program: "test_pass",
        programId: kernel.program("test_pass").id,
        classid: 0x124,
      },
    ]);
  }));

test("links and addresses are to ip what we asked for", () =>
  withNic(async (kernel) => {
    await kernel.run([{ op: "linkSet", link: "nic0", alias: 'a "vif"', promiscuous: true }]);
    const [link] = JSON.parse(command(["ip", "-j", "-d", "link", "show", "dev", "nic0"]));
    expect(link).toMatchObject({
      mtu: 9000,
      txqlen: 77,
      address: "02:00:00:00:00:02",
      ifalias: 'a "vif"',
      promiscuity: 1,
      linkinfo: { info_kind: "veth" },
    });
    expect(link.flags).toEqual(expect.arrayContaining(["UP", "LOWER_UP", "PROMISC"]));
    expect(pyroute2("read").link).toEqual({
      name: "nic0",
      mac: "02:00:00:00:00:02",
      mtu: 9000,
      txqlen: 77,
      kind: "veth",
    });
    const far = JSON.parse(
      execFileSync("ip", ["-j", "-n", GUEST, "address", "show", "dev", "far"], { encoding: "utf8" }),
    );
    expect(far[0].address).toBe(MAC);
    expect(far[0].addr_info).toMatchObject([
      { family: "inet", local: "10.8.0.1", prefixlen: 24 },
      { family: "inet6", local: "fd00:8::1", prefixlen: 64 },
      {},
    ]);
    expect(far[0].addr_info[1].tentative).toBeUndefined();
  }));

test("what tc and ip made is read back by us", () =>
  withNic(async (kernel) => {
    for (const line of [
      "tc qdisc add dev nic0 root handle 7: htb default 5 direct_qlen 9",
      "tc class add dev nic0 parent 7: classid 7:1 htb rate 40gbit ceil 80gbit burst 1m cburst 2m quantum 60000 prio 3",
      "tc class add dev nic0 parent 7:1 classid 7:5 htb rate 1mbit",
      "tc qdisc add dev nic0 parent 7:5 handle 50: tbf rate 40gbit burst 100kb limit 1m",
      "ip link add br0 type bridge",
      "ip link set nic0 master br0 alias hello",
    ]) {
      command(line.split(" "));
    }
    expect(kernel.link("nic0")).toMatchObject({ master: "br0", kind: "veth", alias: "hello", peerElsewhere: true });
    expect(kernel.links().find(({ name }) => name === "nic0")?.master).toBe("br0");
    expect(kernel.link("br0")).toMatchObject({ kind: "bridge", peerElsewhere: false });
    expect(kernel.qdiscs("nic0")).toMatchObject([
      {
        link: "nic0",
        parent: TC_ROOT,
        handle: tcHandle(7, 0),
        qdisc: { kind: "htb", defaultMinor: 5, directQueueLength: 9 },
      },
      {
        link: "nic0",
        parent: tcHandle(7, 5),
        handle: tcHandle(0x50, 0),
        qdisc: { kind: "tbf", rateBytesPerSecond: 5e9, bufferTicks: 319, limitBytes: 1_048_576 },
      },
    ]);
    const [inner, below] = [...kernel.classes("nic0")].sort((a, b) => a.classid - b.classid);
    expect(inner).toMatchObject({
      parent: TC_ROOT,
      classid: tcHandle(7, 1),
      htb: { rateBytesPerSecond: 5e9, ceilBytesPerSecond: 1e10, quantumBytes: 60_000, priority: 3 },
    });
    expect(below).toMatchObject({
      parent: tcHandle(7, 1),
      leaf: tcHandle(0x50, 0),
      htb: { rateBytesPerSecond: 125_000 },
    });
  }));

test("what pyroute2 made is read back by us", () =>
  withNic(async (kernel) => {
    pyroute2("write");
    expect(kernel.qdiscs("nic0").map(({ qdisc }) => qdisc)).toEqual([
      { kind: "htb", defaultMinor: 0x20, directQueueLength: 77 },
    ]);
    expect(kernel.classes("nic0")).toMatchObject([
      {
        classid: tcHandle(9, 1),
        parent: TC_ROOT,
        leaf: 0,
        htb: { rateBytesPerSecond: 250_000, ceilBytesPerSecond: 500_000, priority: 3, quantumBytes: 4096 },
      },
    ]);
  }));

test("a pair whose far end cannot be prepared is not left behind", () =>
  withNic(async (kernel) => {
    const pair = (addresses: string[]): KernelOp => ({
      op: "vethCreate",
      link: "gv-1",
      peer: { netns: GUEST, name: "eth0", mac: MAC, addresses },
    });
    await expect(kernel.run([root, pair(["10.7.0.1/24", "10.7.0.2/99"])])).rejects.toMatchObject({
      errno: "EINVAL",
      index: 1,
    });
    await expect(kernel.run([pair(["10.7.0.1/24", "ff02::1/64"])])).rejects.toMatchObject({
      errno: "EADDRNOTAVAIL",
      message: expect.stringContaining("address ff02::1/64: "),
    });
    expect(kernel.link("gv-1")).toBeUndefined();
    await kernel.run([pair(["10.7.0.1/24"])]);
  }));

test("a refusal carries the kernel's own words and the operation in tc's", () =>
  withNic(async (kernel) => {
    await expect(
      kernel.run([root, cls(1, htb(1e9)), leaf(8, { kind: "pfifo", limitPackets: 1 })]),
    ).rejects.toMatchObject({
      message: "tc qdisc replace dev nic0 parent a09a:8 handle 8: pfifo limit 1p: ENOENT (Specified class not found)",
      index: 2,
    });
  }));
