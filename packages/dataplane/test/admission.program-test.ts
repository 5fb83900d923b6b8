import { afterAll, beforeAll, describe, test } from "vitest";
import {
  arp,
  BROADCAST,
  ethernet,
  extension,
  ipv4,
  ipv6,
  ipv6Fragment,
  neighbourAdvertisement,
  neighbourSolicitation,
  nonce,
  redirect,
  routerAdvertisement,
  routerSolicitation,
  sourceMac,
  targetMac,
  udp,
} from "./packets.ts";
import type { ProgramBench } from "./program-bench.ts";
import {
  CHECKED,
  CHECKED_MAC,
  check,
  DB,
  hostBench,
  ip,
  ip6,
  LINK_LOCAL,
  OPEN,
  OTHER,
  PLAIN,
  type Row,
  toPeer,
  WEB,
} from "./test-host.ts";

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
});
afterAll(() => bench[Symbol.dispose]());

describe("what a guest may not send", () => {
  const arpOf = (senderMac: string, sender: string) =>
    ethernet({ to: BROADCAST, from: CHECKED_MAC }, arp({ op: "request", senderMac, sender, target: "10.0.0.9" }));
  const v4 = (source: string, inside = udp(1, 2)) =>
    toPeer(CHECKED_MAC, ipv4({ from: source, to: "10.0.0.9" }, inside));
  const v6 = (source: string, inside = udp(1, 2)) => toPeer(CHECKED_MAC, ipv6({ from: source, to: "fd00::9" }, inside));
  const checked = CHECKED;
  const rows: Row[] = [
    { name: "a foreign MAC", slot: PLAIN, frame: toPeer(OTHER), verdict: "DROP_SPOOFED_MAC" },
    { name: "another guest's MAC", slot: PLAIN, frame: toPeer(DB), verdict: "DROP_SPOOFED_MAC" },
    {
      name: "a foreign MAC in a broadcast",
      slot: PLAIN,
      frame: ethernet({ to: BROADCAST, from: OTHER }, ipv4(ip, udp(1, 2))),
      verdict: "DROP_SPOOFED_MAC",
    },
    {
      name: "a foreign sender in ARP",
      slot: PLAIN,
      frame: ethernet(
        { to: BROADCAST, from: WEB },
        arp({ op: "reply", senderMac: OTHER, sender: "10.0.0.9", target: "10.0.0.9" }),
      ),
      verdict: "DROP_SPOOFED_MAC",
    },
    {
      name: "a foreign sender in RARP",
      slot: PLAIN,
      frame: ethernet(
        { to: BROADCAST, from: WEB },
        arp({ op: "rarp", senderMac: OTHER, sender: "0.0.0.0", target: "0.0.0.0" }),
      ),
      verdict: "DROP_SPOOFED_MAC",
    },
    {
      name: "a foreign MAC in an advertisement",
      slot: PLAIN,
      frame: toPeer(WEB, ipv6(ip6, neighbourAdvertisement("fd00::1", targetMac(OTHER)))),
      verdict: "DROP_SPOOFED_MAC",
    },
    {
      name: "a foreign MAC behind another option",
      slot: PLAIN,
      frame: toPeer(WEB, ipv6(ip6, neighbourSolicitation("fd00::9", nonce(), sourceMac(OTHER)))),
      verdict: "DROP_SPOOFED_MAC",
    },
    {
      name: "a foreign MAC in ND behind extension headers",
      slot: PLAIN,
      frame: toPeer(WEB, ipv6(ip6, extension(0, extension(60, neighbourAdvertisement("fd00::1", targetMac(OTHER)))))),
      verdict: "DROP_SPOOFED_MAC",
    },
    {
      name: "a foreign MAC in a router solicitation",
      slot: PLAIN,
      frame: toPeer(WEB, ipv6(ip6, routerSolicitation(sourceMac(OTHER)))),
      verdict: "DROP_SPOOFED_MAC",
    },
    {
      name: "a foreign MAC in a router advertisement",
      slot: PLAIN,
      frame: toPeer(WEB, ipv6(ip6, routerAdvertisement(sourceMac(OTHER)))),
      verdict: "DROP_SPOOFED_MAC",
    },
    {
      name: "a redirect may name another's MAC",
      slot: PLAIN,
      frame: toPeer(WEB, ipv6(ip6, redirect("fd00::8", "fd00::7", targetMac(OTHER)))),
      verdict: "TO_WIRE",
    },
    { name: "all of it is allowed where the check is off", slot: OPEN, frame: toPeer(OTHER), verdict: "TO_WIRE" },
    { name: "its own IPv4 address is fine", slot: checked, frame: v4("10.0.0.5"), verdict: "TO_WIRE" },
    { name: "a foreign IPv4 address", slot: checked, frame: v4("10.0.0.1"), verdict: "DROP_SPOOFED_IP" },
    {
      name: "a foreign IPv4 address with options",
      slot: checked,
      frame: toPeer(CHECKED_MAC, ipv4({ from: "10.0.0.1", to: "10.0.0.9", options: new Uint8Array(4) }, udp(1, 2))),
      verdict: "DROP_SPOOFED_IP",
    },
    {
      name: "a foreign IPv4 address in a later fragment",
      slot: checked,
      frame: toPeer(
        CHECKED_MAC,
        ipv4({ from: "10.0.0.1", to: "10.0.0.9", fragment: { offset: 8, more: false } }, udp(1, 2)),
      ),
      verdict: "DROP_SPOOFED_IP",
    },
    {
      name: "0.0.0.0 to a DHCP server is fine",
      slot: checked,
      frame: ethernet(
        { to: BROADCAST, from: CHECKED_MAC },
        ipv4({ from: "0.0.0.0", to: "255.255.255.255" }, udp(68, 67)),
      ),
      verdict: "FLOOD_FROM_GUEST",
    },
    { name: "0.0.0.0 to others", slot: checked, frame: v4("0.0.0.0"), verdict: "DROP_SPOOFED_IP" },
    {
      name: "its own address in ARP is fine",
      slot: checked,
      frame: arpOf(CHECKED_MAC, "10.0.0.5"),
      verdict: "FLOOD_FROM_GUEST",
    },
    { name: "an ARP probe is fine", slot: checked, frame: arpOf(CHECKED_MAC, "0.0.0.0"), verdict: "FLOOD_FROM_GUEST" },
    {
      name: "a foreign address in ARP",
      slot: checked,
      frame: arpOf(CHECKED_MAC, "10.0.0.1"),
      verdict: "DROP_SPOOFED_IP",
    },
    { name: "its own IPv6 address is fine", slot: checked, frame: v6("fd00::5"), verdict: "TO_WIRE" },
    { name: "so is the link-local one made of its MAC", slot: checked, frame: v6(LINK_LOCAL), verdict: "TO_WIRE" },
    { name: "another link-local one", slot: checked, frame: v6("fe80::1"), verdict: "DROP_SPOOFED_IP" },
    { name: "a foreign IPv6 address", slot: checked, frame: v6("fd00::1"), verdict: "DROP_SPOOFED_IP" },
    {
      name: "a foreign IPv6 address behind a fragment header",
      slot: checked,
      frame: v6("fd00::1", ipv6Fragment({ offset: 8, more: true }, udp(1, 2))),
      verdict: "DROP_SPOOFED_IP",
    },
    {
      name: ":: in duplicate address detection is fine",
      slot: checked,
      frame: ethernet(
        { to: "33:33:ff:00:00:05", from: CHECKED_MAC },
        ipv6({ from: "::", to: "ff02::1:ff00:5" }, neighbourSolicitation("fd00::5")),
      ),
      verdict: "FLOOD_FROM_GUEST",
    },
    { name: ":: with UDP", slot: checked, frame: v6("::"), verdict: "DROP_SPOOFED_IP" },
    {
      name: "an advertisement of its own address is fine",
      slot: checked,
      frame: v6("fd00::5", neighbourAdvertisement("fd00::5", targetMac(CHECKED_MAC))),
      verdict: "TO_WIRE",
    },
    {
      name: "an advertisement of a foreign address",
      slot: checked,
      frame: v6("fd00::5", neighbourAdvertisement("fd00::1", targetMac(CHECKED_MAC))),
      verdict: "DROP_SPOOFED_IP",
    },
  ];
  test.each(rows)("$name", (row) => check(row, bench.fromGuest(row.slot, row.frame)));
});
