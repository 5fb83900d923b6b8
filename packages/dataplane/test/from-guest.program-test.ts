import { afterAll, beforeAll, describe, test } from "vitest";
import {
  arp,
  BROADCAST,
  ethernet,
  ipv4,
  ipv6,
  neighbourSolicitation,
  ping,
  ping6,
  raw,
  sourceMac,
  tcp,
  udp,
} from "./packets.ts";
import type { ProgramBench } from "./program-bench.ts";
import {
  check,
  DB,
  DB_1,
  EMPTY,
  EMPTY_MAC,
  hostBench,
  ip,
  ip6,
  OPEN,
  OPEN_MAC,
  PEER,
  PLAIN,
  type Row,
  STOPPED,
  STOPPED_MAC,
  toPeer,
  UNKNOWN,
  VLAN_20,
  WEB,
} from "./test-host.ts";

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
});
afterAll(() => bench[Symbol.dispose]());

describe("where a guest's packet goes", () => {
  const rows: Row[] = [
    {
      name: "UDP to a peer leaves by the slice's class",
      slot: PLAIN,
      frame: toPeer(WEB),
      verdict: "TO_WIRE",
      priority: 0xa09a0008,
    },
    { name: "TCP too", slot: PLAIN, frame: toPeer(WEB, ipv4(ip, tcp(1, 2))), verdict: "TO_WIRE", priority: 0xa09a0008 },
    { name: "so does ICMP", slot: PLAIN, frame: toPeer(WEB, ipv4(ip, ping(1))), verdict: "TO_WIRE" },
    { name: "and IPv6", slot: PLAIN, frame: toPeer(WEB, ipv6(ip6, tcp(1, 2))), verdict: "TO_WIRE" },
    { name: "and ICMPv6 that is not ND", slot: PLAIN, frame: toPeer(WEB, ipv6(ip6, ping6(1))), verdict: "TO_WIRE" },
    {
      name: "and what is not IP",
      slot: PLAIN,
      frame: toPeer(WEB, raw(new Uint8Array(46), 0x88b5)),
      verdict: "TO_WIRE",
    },
    {
      name: "a packet of a slot without a vif passes",
      slot: UNKNOWN,
      frame: toPeer(WEB),
      verdict: "PASS_UNKNOWN_LINK",
    },
    { name: "a slot beyond the map passes", slot: 5000, frame: toPeer(WEB), verdict: "PASS_UNKNOWN_LINK" },
    { name: "no classid passes", slot: -1, frame: toPeer(WEB), verdict: "PASS_UNKNOWN_LINK" },
    {
      name: "to another guest's MAC: local",
      slot: PLAIN,
      frame: ethernet({ to: DB, from: WEB }, ipv4(ip, udp(1, 2))),
      verdict: "LOCAL",
    },
    {
      name: "to a slice's MAC of another guest: local",
      slot: PLAIN,
      frame: ethernet({ to: DB_1, from: WEB }, ipv4(ip, udp(1, 2))),
      verdict: "LOCAL",
    },
    {
      name: "to itself: dropped",
      slot: PLAIN,
      frame: ethernet({ to: WEB, from: WEB }, ipv4(ip, udp(1, 2))),
      verdict: "DROP_REFLECTION",
    },
    {
      name: "another VLAN's guest is not local",
      slot: PLAIN,
      frame: ethernet({ to: VLAN_20, from: WEB }, ipv4(ip, udp(1, 2))),
      verdict: "TO_WIRE",
    },
    {
      name: "broadcast",
      slot: PLAIN,
      frame: ethernet({ to: BROADCAST, from: WEB }, ipv4(ip, udp(68, 67))),
      verdict: "FLOOD_FROM_GUEST",
      priority: 0xa09a0008,
    },
    {
      name: "multicast",
      slot: PLAIN,
      frame: ethernet({ to: "01:00:5e:00:00:fb", from: WEB }, ipv4(ip, udp(5353, 5353))),
      verdict: "FLOOD_FROM_GUEST",
    },
    {
      name: "ARP for a guest's address goes to it alone",
      slot: PLAIN,
      frame: ethernet(
        { to: BROADCAST, from: WEB },
        arp({ op: "request", senderMac: WEB, sender: "10.0.0.1", target: "10.0.0.2" }),
      ),
      verdict: "DIRECTED_ARP",
    },
    {
      name: "ARP for a peer's goes to all",
      slot: PLAIN,
      frame: ethernet(
        { to: BROADCAST, from: WEB },
        arp({ op: "request", senderMac: WEB, sender: "10.0.0.1", target: "10.0.0.9" }),
      ),
      verdict: "FLOOD_FROM_GUEST",
    },
    {
      name: "gratuitous ARP goes to all",
      slot: PLAIN,
      frame: ethernet(
        { to: BROADCAST, from: WEB },
        arp({ op: "request", senderMac: WEB, sender: "10.0.0.1", target: "10.0.0.1" }),
      ),
      verdict: "FLOOD_FROM_GUEST",
    },
    {
      name: "an ARP probe for one's own address goes to all",
      slot: PLAIN,
      frame: ethernet(
        { to: BROADCAST, from: WEB },
        arp({ op: "request", senderMac: WEB, sender: "0.0.0.0", target: "10.0.0.1" }),
      ),
      verdict: "FLOOD_FROM_GUEST",
    },
    {
      name: "an ARP probe for another guest's address goes to it",
      slot: PLAIN,
      frame: ethernet(
        { to: BROADCAST, from: WEB },
        arp({ op: "request", senderMac: WEB, sender: "0.0.0.0", target: "10.0.0.2" }),
      ),
      verdict: "DIRECTED_ARP",
    },
    {
      name: "a unicast ARP reply",
      slot: PLAIN,
      frame: toPeer(WEB, arp({ op: "reply", senderMac: WEB, sender: "10.0.0.1", target: "10.0.0.9", targetMac: PEER })),
      verdict: "TO_WIRE",
    },
    {
      name: "a solicitation for a guest's address goes to it alone",
      slot: PLAIN,
      frame: ethernet(
        { to: "33:33:ff:00:00:02", from: WEB },
        ipv6({ from: "fd00::1", to: "ff02::1:ff00:2" }, neighbourSolicitation("fd00::2", sourceMac(WEB))),
      ),
      verdict: "DIRECTED_ARP",
    },
    {
      name: "a solicitation for a peer's goes to all",
      slot: PLAIN,
      frame: ethernet(
        { to: "33:33:ff:00:00:09", from: WEB },
        ipv6({ from: "fd00::1", to: "ff02::1:ff00:9" }, neighbourSolicitation("fd00::9", sourceMac(WEB))),
      ),
      verdict: "FLOOD_FROM_GUEST",
    },
    {
      name: "STP is not the guest's to speak",
      slot: PLAIN,
      frame: ethernet({ to: "01:80:c2:00:00:00", from: WEB }, raw(new Uint8Array(46), 0x26)),
      verdict: "DROP_LINK_CONTROL",
    },
    {
      name: "nor is LLDP",
      slot: OPEN,
      frame: ethernet({ to: "01:80:c2:00:00:0e", from: OPEN_MAC }, raw(new Uint8Array(46), 0x88cc)),
      verdict: "DROP_LINK_CONTROL",
    },
    {
      name: "01:80:c2:00:00:10 is an ordinary multicast",
      slot: PLAIN,
      frame: ethernet({ to: "01:80:c2:00:00:10", from: WEB }, raw(new Uint8Array(46), 0x88b5)),
      verdict: "FLOOD_FROM_GUEST",
    },
    {
      name: "a stopped guest cannot reach the wire",
      slot: STOPPED,
      frame: toPeer(STOPPED_MAC),
      verdict: "DROP_STOPPED",
    },
    {
      name: "but other guests",
      slot: STOPPED,
      frame: ethernet({ to: WEB, from: STOPPED_MAC }, ipv4(ip, udp(1, 2))),
      verdict: "LOCAL",
    },
    {
      name: "a guest without slices has nowhere to go",
      slot: EMPTY,
      frame: toPeer(EMPTY_MAC),
      verdict: "DROP_NO_SLICE",
    },
  ];
  test.each(rows)("$name", (row) => check(row, bench.fromGuest(row.slot, row.frame)));
});
