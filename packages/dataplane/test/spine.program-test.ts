import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Limit, Spine } from "../src/abi.ts";
import { arp, BROADCAST, ethernet, ipv4, ipv6, macText, raw, tcp, udp } from "./packets.ts";
import { NOWHERE, type ProgramBench } from "./program-bench.ts";
import {
  check,
  DB,
  DB_0,
  DB_1,
  hostBench,
  ip,
  ip6,
  OTHER,
  PAIR,
  PEER,
  PLAIN,
  type Row,
  toPeer,
  UNKNOWN,
  VLAN_20,
  WEB,
} from "./test-host.ts";

const CAPPED = 20;
const CAPPED_MAC = "52:54:00:00:02:01";
const CAPPED_0 = "02:00:00:02:01:00";
const CAPPED_TRUNK = 21;
const TRUNK_MAC = "52:54:00:00:02:02";
const LOCAL_CAPPED = 22;
const LOCAL_MAC = "52:54:00:00:02:03";

const classOf = (slot: number) => (Limit.HTB_MAJOR * 0x10000 + 8 * (slot + 1)) >>> 0;
const markOf = (slot: number, spine: keyof typeof Spine) => (slot + 1) | (Spine[spine] << Limit.SPINE_SHIFT);

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
  bench.vif({
    slot: CAPPED,
    mac: CAPPED_MAC,
    flags: ["CHECK_MAC", "REWRITE_MAC", "CAPPED"],
    vlan: 20,
    slices: [{ nic: 0, mac: CAPPED_0, classid: 0xa09a00a8 }],
  });
  bench.vif({
    slot: CAPPED_TRUNK,
    mac: TRUNK_MAC,
    flags: ["CHECK_MAC", "CAPPED"],
    trunk: [30],
    slices: [{ nic: 0, mac: TRUNK_MAC, classid: 0xa09a00b0 }],
  });
  bench.vif({
    slot: LOCAL_CAPPED,
    mac: LOCAL_MAC,
    flags: ["CHECK_MAC", "LOCAL_CAPPED"],
    slices: [{ nic: 0, mac: LOCAL_MAC, classid: 0xa09a00b8 }],
    addresses: ["10.0.0.30"],
  });
  bench.segment(1, 20, [2, CAPPED]);
});
afterAll(() => bench[Symbol.dispose]());
beforeEach(() => {
  bench.nic({ slot: 0, inIfindex: NOWHERE });
  bench.nic({ slot: 1 });
  bench.spine("CAP", NOWHERE);
  bench.spine("LOCAL", NOWHERE);
});

const inside = ipv4(ip, udp(1, 2));
const frame = (to: string, from: string, layer = inside) => ethernet({ to, from }, layer);
const question = (from: string, target: string) =>
  frame(BROADCAST, from, arp({ op: "request", senderMac: from, sender: "10.0.0.30", target }));

describe("into a spine", () => {
  type In = Row & { readonly from: "guest" | "wire"; readonly spine?: keyof typeof Spine; readonly owner?: number };
  const rows: In[] = [
    {
      name: "what comes in for a guest by a NIC that shapes",
      from: "wire",
      slot: 0,
      frame: frame(WEB, PEER),
      verdict: "TO_SPINE",
      spine: "IN",
      owner: PLAIN,
    },
    {
      name: "what comes in by one that does not: no spine",
      from: "wire",
      slot: 1,
      frame: frame(DB_1, PEER),
      verdict: "TO_GUEST",
    },
    {
      name: "what passes to the host: no spine",
      from: "wire",
      slot: 0,
      frame: frame(OTHER, PEER),
      verdict: "PASS_FOREIGN",
    },
    {
      name: "a capped guest's, to the wire",
      from: "guest",
      slot: CAPPED,
      frame: frame(PEER, CAPPED_MAC),
      verdict: "TO_SPINE",
      spine: "CAP",
      owner: CAPPED,
    },
    {
      name: "a capped guest's broadcast, after the local copies",
      from: "guest",
      slot: CAPPED,
      frame: frame(BROADCAST, CAPPED_MAC),
      verdict: "TO_SPINE",
      spine: "CAP",
      owner: CAPPED,
    },
    {
      name: "a capped guest's, to a guest: no spine",
      from: "guest",
      slot: CAPPED,
      frame: frame(VLAN_20, CAPPED_MAC),
      verdict: "LOCAL",
    },
    {
      name: "to a guest, of a sender whose local traffic is limited",
      from: "guest",
      slot: LOCAL_CAPPED,
      frame: frame(WEB, LOCAL_MAC),
      verdict: "TO_SPINE",
      spine: "LOCAL",
      owner: LOCAL_CAPPED,
    },
    {
      name: "a question for a guest, of such a sender",
      from: "guest",
      slot: LOCAL_CAPPED,
      frame: question(LOCAL_MAC, "10.0.0.1"),
      verdict: "TO_SPINE",
      spine: "LOCAL",
      owner: LOCAL_CAPPED,
    },
    {
      name: "to the wire, of such a sender: no spine",
      from: "guest",
      slot: LOCAL_CAPPED,
      frame: frame(PEER, LOCAL_MAC),
      verdict: "TO_WIRE",
      priority: 0xa09a00b8,
    },
    {
      name: "a broadcast of such a sender: a copy waits, the wire's goes on",
      from: "guest",
      slot: LOCAL_CAPPED,
      frame: frame(BROADCAST, LOCAL_MAC),
      verdict: "FLOOD_FROM_GUEST",
      priority: 0xa09a00b8,
    },
    {
      name: "a spoofed frame: no spine",
      from: "guest",
      slot: CAPPED,
      frame: frame(PEER, OTHER),
      verdict: "DROP_SPOOFED_MAC",
    },
  ];
  test.each(rows)("$name: $verdict", (row) => {
    const result = row.from === "guest" ? bench.fromGuest(row.slot, row.frame) : bench.fromWire(row.slot, row.frame);
    check(row, result);
    expect(result.pastSpine).toBe(false);
    if (row.spine === undefined || row.owner === undefined) return;
    expect(result.mark).toBe(markOf(row.owner, row.spine));
    expect(result.priority).toBe(classOf(row.owner));
  });

  test("what waits for its guest is already as the guest gets it, and counted", () => {
    bench.nic({ slot: 1, inIfindex: NOWHERE });
    const before = bench.counters(PAIR, 1);
    const result = bench.fromWire(1, frame(DB_1, PEER));
    expect(macText(result.packet.slice(0, 6))).toBe(DB);
    expect(bench.counters(PAIR, 1).rxPackets - before.rxPackets).toBe(1n);
  });

  test("a broadcast from the wire leaves the host's copy as it came", () => {
    const result = bench.fromWire(0, frame(BROADCAST, PEER));
    expect(result).toMatchObject({ verdict: "FLOOD_FROM_WIRE", mark: 1, priority: 0 });
  });
});

describe("a spine that is not there yet is passed by, and that is counted", () => {
  beforeEach(() => {
    bench.nic({ slot: 0, inIfindex: 0 });
    bench.spine("CAP", 0);
    bench.spine("LOCAL", 0);
  });
  test("from the wire", () => {
    expect(bench.fromWire(0, frame(WEB, PEER))).toMatchObject({ verdict: "TO_GUEST", pastSpine: true });
    expect(bench.fromWire(0, frame(BROADCAST, PEER))).toMatchObject({ verdict: "FLOOD_FROM_WIRE", pastSpine: true });
  });
  test("to the wire", () => {
    expect(bench.fromGuest(CAPPED, frame(PEER, CAPPED_MAC))).toMatchObject({ verdict: "TO_WIRE", pastSpine: true });
  });
  test("to guests", () => {
    const to = (mac: string) => bench.fromGuest(LOCAL_CAPPED, frame(mac, LOCAL_MAC));
    expect(to(WEB)).toMatchObject({ verdict: "LOCAL", pastSpine: true });
    expect(to(BROADCAST)).toMatchObject({ verdict: "FLOOD_FROM_GUEST", pastSpine: true });
  });
});

describe("out of a spine", () => {
  type Out = Omit<Row, "slot"> & { readonly mark: number };
  const tagged = ethernet({ to: PEER, from: CAPPED_MAC, tag: { vlan: 20 } }, inside);
  const rows: Out[] = [
    { name: "to the guest that it is for", mark: markOf(PLAIN, "IN"), frame: frame(WEB, PEER), verdict: "TO_GUEST" },
    {
      name: "a broadcast's copy",
      mark: markOf(PLAIN, "IN"),
      frame: frame(BROADCAST, PEER),
      verdict: "TO_GUEST",
    },
    {
      name: "to the wire, by a slice",
      mark: markOf(CAPPED, "CAP"),
      frame: frame(PEER, CAPPED_MAC),
      verdict: "TO_WIRE",
      priority: 0xa09a00a8,
    },
    { name: "to the wire, with the tag already", mark: markOf(CAPPED, "CAP"), frame: tagged, verdict: "TO_WIRE" },
    {
      name: "to the wire, a broadcast",
      mark: markOf(CAPPED, "CAP"),
      frame: ethernet({ to: BROADCAST, from: CAPPED_MAC, tag: { vlan: 20 } }, inside),
      verdict: "FLOOD_FROM_GUEST",
    },
    {
      name: "to the wire, a trunk's",
      mark: markOf(CAPPED_TRUNK, "CAP"),
      frame: ethernet({ to: PEER, from: TRUNK_MAC, tag: { vlan: 30 } }, ipv6(ip6, tcp(1, 2))),
      verdict: "TO_WIRE",
    },
    {
      name: "to a guest of the host",
      mark: markOf(LOCAL_CAPPED, "LOCAL"),
      frame: frame(DB_0, LOCAL_MAC),
      verdict: "LOCAL",
    },
    {
      name: "to the guests of the host",
      mark: markOf(LOCAL_CAPPED, "LOCAL"),
      frame: frame(BROADCAST, LOCAL_MAC),
      verdict: "FLOOD_LOCAL",
    },
    {
      name: "a question for one of them",
      mark: markOf(LOCAL_CAPPED, "LOCAL"),
      frame: question(LOCAL_MAC, "10.0.0.1"),
      verdict: "DIRECTED_ARP",
    },
    {
      name: "to a guest that has gone",
      mark: markOf(LOCAL_CAPPED, "LOCAL"),
      frame: frame(OTHER, LOCAL_MAC),
      verdict: "DROP_STRAY",
    },
    { name: "the kernel's own", mark: 0, frame: toPeer(WEB), verdict: "DROP_STRAY" },
    { name: "of a vif that has gone", mark: markOf(UNKNOWN, "IN"), frame: toPeer(WEB), verdict: "DROP_STRAY" },
    { name: "of no kind", mark: PLAIN + 1, frame: toPeer(WEB), verdict: "DROP_STRAY" },
    {
      name: "of a kind that there is not",
      mark: (PLAIN + 1) | (9 << Limit.SPINE_SHIFT),
      frame: toPeer(WEB),
      verdict: "DROP_STRAY",
    },
    { name: "of no slot", mark: Spine.IN << Limit.SPINE_SHIFT, frame: toPeer(WEB), verdict: "DROP_STRAY" },
    {
      name: "cut short",
      mark: markOf(CAPPED, "CAP"),
      frame: toPeer(CAPPED_MAC).slice(0, 36),
      verdict: "DROP_MALFORMED",
    },
  ];
  test.each(rows)("$name: $verdict", (row) => {
    const result = bench.fromSpine(row.mark, row.frame);
    check({ ...row, slot: 0 }, result);
    if (result.returned === 7) expect(result.mark).toBe(0);
  });

  test("with the slice's MAC; a tag that it has stays the only one", () => {
    // A tag that is pushed goes to the metadata, which a test run does not show.
    expect(bench.fromSpine(markOf(CAPPED, "CAP"), frame(PEER, CAPPED_MAC)).packet).toEqual(frame(PEER, CAPPED_0));
    const { packet } = bench.fromSpine(markOf(CAPPED, "CAP"), tagged);
    expect(packet).toEqual(ethernet({ to: PEER, from: CAPPED_0, tag: { vlan: 20 } }, inside));
  });

  test("what a guest of the host gets has its own MAC", () => {
    const { packet } = bench.fromSpine(markOf(LOCAL_CAPPED, "LOCAL"), frame(DB_0, LOCAL_MAC));
    expect(macText(packet.slice(0, 6))).toBe(DB);
  });
});

test("a frame for the wire is the slice's only when it is out of the cap", () => {
  const sent = () => bench.counters(CAPPED, 0).txPackets;
  const before = sent();
  const { mark, packet } = bench.fromGuest(CAPPED, frame(PEER, CAPPED_MAC));
  expect(sent()).toBe(before);
  bench.fromSpine(mark, packet);
  expect(sent()).toBe(before + 1n);
});

test("a vif with a queue of its own is not delivered to past it", () => {
  bench.vif({ slot: 23, mac: "52:54:00:00:02:04", flags: ["PEER", "QUEUED"], ifindex: NOWHERE });
  expect(bench.fromSpine(markOf(23, "IN"), frame("52:54:00:00:02:04", PEER, raw(new Uint8Array(46)))).verdict).toBe(
    "TO_GUEST",
  );
});
