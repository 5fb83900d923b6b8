import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  arp,
  BROADCAST,
  ethernet,
  ipv4,
  ipv6,
  macText,
  neighbourSolicitation,
  raw,
  sourceMac,
  udp,
} from "./packets.ts";
import type { ProgramBench } from "./program-bench.ts";
import {
  check,
  DB,
  DB_0,
  DB_1,
  hostBench,
  OTHER,
  PEER,
  type Row,
  STOPPED_MAC,
  TRUNKED,
  VLAN_20,
  WEB,
} from "./test-host.ts";

const LAG_GUEST = "52:54:00:00:01:01";
const LAG_NIC = 2;
const JOINING_NIC = 4;
const APART_NIC = 5;
const MOVING = "52:54:00:00:01:02";
const MOVING_0 = "52:54:00:00:02:02";
const MOVING_1 = "52:54:00:00:03:02";

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
  bench.nic({ slot: LAG_NIC, fabric: 2, lag: true });
  bench.nic({ slot: LAG_NIC + 1, fabric: 2, lag: true });
  bench.nic({ slot: JOINING_NIC, fabric: 2, lag: true, up: false, bundle: "joining" });
  bench.nic({ slot: APART_NIC, fabric: 2, lag: true, up: false, bundle: "apart" });
  bench.vif({
    slot: 20,
    mac: LAG_GUEST,
    fabric: 2,
    slices: [
      { nic: LAG_NIC, mac: LAG_GUEST, classid: 1 },
      { nic: LAG_NIC + 1, mac: LAG_GUEST, classid: 1 },
    ],
    addresses: ["10.2.0.1"],
  });
  bench.segment(2, 0, [20]);
  bench.vif({
    slot: 21,
    mac: MOVING,
    flags: ["REWRITE_MAC", "MOVING"],
    slices: [
      { nic: 0, mac: MOVING_0, classid: 1 },
      { nic: 1, mac: MOVING_1, classid: 1 },
    ],
    addresses: ["10.0.0.21"],
  });
});
afterAll(() => bench[Symbol.dispose]());

const ip = { from: "10.0.0.9", to: "10.0.0.2" };
const inside = ipv4(ip, udp(1, 2));
const to = (destination: string, source = PEER) => ethernet({ to: destination, from: source }, inside);
const ask = (target: string, sender = "10.0.0.9") =>
  ethernet({ to: BROADCAST, from: PEER }, arp({ op: "request", senderMac: PEER, sender, target }));
const solicit = (target: string) =>
  ethernet(
    { to: "33:33:ff:00:00:02", from: PEER },
    ipv6({ from: "fd00::9", to: "ff02::1:ff00:2" }, neighbourSolicitation(target, sourceMac(PEER))),
  );

describe("what comes in by a NIC", () => {
  const rows: Row[] = [
    { name: "for a guest", slot: 0, frame: to(WEB), verdict: "TO_GUEST" },
    { name: "for the host, or a stranger", slot: 0, frame: to(OTHER), verdict: "PASS_FOREIGN" },
    { name: "by a NIC that is not ours", slot: 40, frame: to(WEB), verdict: "PASS_UNKNOWN_LINK" },
    {
      name: "for a guest's MAC in another VLAN",
      slot: 0,
      frame: ethernet({ to: WEB, from: PEER, tag: { vlan: 9 } }, inside),
      verdict: "PASS_FOREIGN",
    },
    {
      name: "for an access guest, with its tag",
      slot: 0,
      frame: ethernet({ to: VLAN_20, from: PEER, tag: { vlan: 20 } }, inside),
      verdict: "TO_GUEST",
    },
    { name: "for an access guest, without", slot: 0, frame: to(VLAN_20), verdict: "PASS_FOREIGN" },
    {
      name: "for a trunk guest",
      slot: 0,
      frame: ethernet({ to: TRUNKED, from: PEER, tag: { vlan: 30 } }, inside),
      verdict: "TO_GUEST",
    },
    {
      name: "in 802.1ad",
      slot: 0,
      frame: ethernet({ to: WEB, from: PEER, tag: { vlan: 0, ethertype: 0x88a8 } }, inside),
      verdict: "PASS_FOREIGN",
    },
    {
      name: "with two tags",
      slot: 0,
      frame: ethernet({ to: TRUNKED, from: PEER, tag: { vlan: 30 }, innerTag: { vlan: 1 } }, inside),
      verdict: "PASS_FOREIGN",
    },
    { name: "for a guest that is stopped", slot: 0, frame: to(STOPPED_MAC), verdict: "DROP_STOPPED" },
    { name: "for a slice's MAC, by its NIC", slot: 0, frame: to(DB_0), verdict: "TO_GUEST" },
    { name: "for a slice's MAC, by the other slice's NIC", slot: 0, frame: to(DB_1), verdict: "DROP_WRONG_NIC" },
    { name: "for a slice's MAC, by its NIC, not the home", slot: 1, frame: to(DB_1), verdict: "TO_GUEST" },
    { name: "for a guest's own MAC, by its home NIC", slot: 0, frame: to(DB), verdict: "TO_GUEST" },
    { name: "for a guest's own MAC, by another NIC", slot: 1, frame: to(DB), verdict: "DROP_WRONG_NIC" },
    { name: "for a guest without a slice on that NIC", slot: 1, frame: to(WEB), verdict: "DROP_WRONG_NIC" },
    { name: "a short frame", slot: 0, frame: to(OTHER).slice(0, 34), verdict: "PASS_FOREIGN" },
    { name: "by either NIC of a bundle: the first", slot: LAG_NIC, frame: to(LAG_GUEST), verdict: "TO_GUEST" },
    { name: "by either NIC of a bundle: the second", slot: LAG_NIC + 1, frame: to(LAG_GUEST), verdict: "TO_GUEST" },
    { name: "by a NIC that joins a bundle", slot: JOINING_NIC, frame: to(LAG_GUEST), verdict: "TO_GUEST" },
    { name: "by a NIC apart from its bundle", slot: APART_NIC, frame: to(LAG_GUEST), verdict: "DROP_WRONG_NIC" },
    { name: "for the host, by a NIC apart", slot: APART_NIC, frame: to(OTHER), verdict: "PASS_FOREIGN" },
    { name: "of another fabric", slot: LAG_NIC, frame: to(WEB), verdict: "PASS_FOREIGN" },
  ];
  test.each(rows)("$name: $verdict", (row) => check(row, bench.fromWire(row.slot, row.frame)));
});

describe("broadcasts from the wire", () => {
  const rows: Row[] = [
    { name: "for all, then the host", slot: 0, frame: to(BROADCAST), verdict: "FLOOD_FROM_WIRE" },
    {
      name: "in a VLAN without guests",
      slot: 0,
      frame: ethernet({ to: BROADCAST, from: PEER, tag: { vlan: 9 } }, inside),
      verdict: "PASS_FOREIGN",
    },
    { name: "our own, by another NIC", slot: 1, frame: to(BROADCAST, DB_0), verdict: "DROP_REFLECTION" },
    { name: "our own guest's, not rewritten", slot: 1, frame: to(BROADCAST, WEB), verdict: "DROP_REFLECTION" },
    {
      name: "STP is the host's alone",
      slot: 0,
      frame: ethernet({ to: "01:80:c2:00:00:00", from: PEER }, raw(new Uint8Array(46), 0x26)),
      verdict: "PASS_FOREIGN",
    },
    { name: "ARP for a guest's address, by its home NIC", slot: 0, frame: ask("10.0.0.2"), verdict: "DIRECTED_ARP" },
    { name: "ARP for a guest's address, by another NIC", slot: 1, frame: ask("10.0.0.2"), verdict: "DROP_WRONG_NIC" },
    {
      name: "ARP for a guest's address, by either NIC of a bundle",
      slot: LAG_NIC + 1,
      frame: ask("10.2.0.1"),
      verdict: "DIRECTED_ARP",
    },
    { name: "ARP by a NIC that joins a bundle", slot: JOINING_NIC, frame: ask("10.2.0.1"), verdict: "DIRECTED_ARP" },
    { name: "ARP by a NIC apart from its bundle", slot: APART_NIC, frame: ask("10.2.0.1"), verdict: "PASS_FOREIGN" },
    {
      name: "by a NIC apart: a guest's own",
      slot: APART_NIC,
      frame: to(BROADCAST, LAG_GUEST),
      verdict: "DROP_REFLECTION",
    },
    {
      name: "LACP is the host's alone, also by a NIC apart",
      slot: APART_NIC,
      frame: ethernet({ to: "01:80:c2:00:00:02", from: PEER }, raw(new Uint8Array(110), 0x8809)),
      verdict: "PASS_FOREIGN",
    },
    { name: "ARP for a stranger's", slot: 0, frame: ask("10.0.0.77"), verdict: "FLOOD_FROM_WIRE" },
    { name: "gratuitous ARP", slot: 0, frame: ask("10.0.0.2", "10.0.0.2"), verdict: "FLOOD_FROM_WIRE" },
    { name: "ARP cut short", slot: 0, frame: ask("10.0.0.2").slice(0, 40), verdict: "FLOOD_FROM_WIRE" },
    {
      name: "a solicitation for a guest's address, by its home NIC",
      slot: 0,
      frame: solicit("fd00::2"),
      verdict: "DIRECTED_ARP",
    },
    {
      name: "a solicitation for a guest's address, by another NIC",
      slot: 1,
      frame: solicit("fd00::2"),
      verdict: "DROP_WRONG_NIC",
    },
    { name: "a solicitation for a stranger's", slot: 1, frame: solicit("fd00::77"), verdict: "FLOOD_FROM_WIRE" },
  ];
  test.each(rows)("$name: $verdict", (row) => check(row, bench.fromWire(row.slot, row.frame)));

  test("what passes to the host is as it came", () => {
    for (const frame of [to(OTHER), to(BROADCAST), ask("10.0.0.77")]) {
      expect(bench.fromWire(0, frame).packet).toEqual(frame);
    }
  });
});

describe("what a guest gets", () => {
  test("its own MAC for a slice's", () => {
    const { packet } = bench.fromWire(1, to(DB_1));
    expect(macText(packet.slice(0, 6))).toBe(DB);
    expect(packet.slice(6)).toEqual(to(DB_1).slice(6));
  });
  test("its own MAC as ARP's target", () => {
    const probe = arp({ op: "request", senderMac: PEER, sender: "10.0.0.9", targetMac: DB_1, target: "10.0.0.2" });
    const reply = arp({ op: "reply", senderMac: PEER, sender: "10.0.0.9", targetMac: DB_1, target: "10.0.0.2" });
    for (const inside of [probe, reply]) {
      const { packet } = bench.fromWire(1, ethernet({ to: DB_1, from: PEER }, inside));
      expect(macText(packet.slice(0, 6))).toBe(DB);
      expect(macText(packet.slice(32, 38))).toBe(DB);
      expect(macText(packet.slice(22, 28))).toBe(PEER);
    }
  });
  test("no tag in an access VLAN, its tag on a trunk", () => {
    const access = ethernet({ to: VLAN_20, from: PEER, tag: { vlan: 20, priority: 5 } }, inside);
    expect(bench.fromWire(0, access).packet).toEqual(to(VLAN_20));
    const trunk = ethernet({ to: TRUNKED, from: PEER, tag: { vlan: 30, priority: 5 } }, inside);
    expect(bench.fromWire(0, trunk).packet).toEqual(trunk);
  });
});

describe("while a NIC is dead", () => {
  beforeEach(() => {
    bench.nic({ slot: 0 });
    bench.nic({ slot: 1 });
  });
  test("its slice's MAC is heard on the home NIC", () => {
    bench.nic({ slot: 1, up: false });
    expect(bench.fromWire(0, to(DB_1)).verdict).toBe("TO_GUEST");
    expect(macText(bench.fromWire(0, to(DB_1)).packet.slice(0, 6))).toBe(DB);
  });
  test("what still comes in by it is taken", () => {
    bench.nic({ slot: 1, up: false });
    expect(bench.fromWire(1, to(DB_1)).verdict).toBe("TO_GUEST");
  });
  test("the home moves to the next", () => {
    bench.nic({ slot: 0, up: false });
    expect(bench.fromWire(1, to(DB)).verdict).toBe("TO_GUEST");
    expect(bench.fromWire(0, to(DB)).verdict).toBe("DROP_WRONG_NIC");
    expect(bench.fromWire(1, to(DB_0)).verdict).toBe("TO_GUEST");
    expect(bench.fromWire(1, ask("10.0.0.2")).verdict).toBe("DIRECTED_ARP");
    expect(bench.fromWire(0, ask("10.0.0.2")).verdict).toBe("DROP_WRONG_NIC");
  });
  test("with all dead the first stays home, so that a drained host hears once", () => {
    bench.nic({ slot: 0, up: false });
    bench.nic({ slot: 1, up: false });
    expect(bench.fromWire(0, to(DB)).verdict).toBe("TO_GUEST");
    expect(bench.fromWire(1, to(DB)).verdict).toBe("DROP_WRONG_NIC");
  });
});

describe("a guest whose NICs changed a moment ago", () => {
  test("hears each of its MACs on every NIC", () => {
    for (const nic of [0, 1]) {
      for (const mac of [MOVING, MOVING_0, MOVING_1]) {
        const { verdict, packet } = bench.fromWire(nic, to(mac));
        expect([nic, mac, verdict]).toEqual([nic, mac, "TO_GUEST"]);
        expect(macText(packet.slice(0, 6))).toBe(MOVING);
      }
    }
  });
  test("hears broadcasts once all the same", () => {
    expect(bench.fromWire(0, ask("10.0.0.21")).verdict).toBe("DIRECTED_ARP");
    expect(bench.fromWire(1, ask("10.0.0.21")).verdict).toBe("DROP_WRONG_NIC");
  });
});
