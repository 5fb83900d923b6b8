import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  arp,
  BROADCAST,
  ethernet,
  icmp6ChecksumIsRight,
  ipv4,
  ipv6,
  mac,
  macText,
  neighbourAdvertisement,
  neighbourSolicitation,
  nonce,
  redirect,
  routerAdvertisement,
  routerSolicitation,
  sourceMac,
  targetMac,
  tcp,
  udp,
} from "./packets.ts";
import type { ProgramBench } from "./program-bench.ts";
import { DB, DB_0, DB_1, hostBench, ip, PAIR, PEER, PLAIN, WEB } from "./test-host.ts";

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
});
afterAll(() => bench[Symbol.dispose]());

describe("a MAC for each slice", () => {
  const source = (frame: Uint8Array) => macText(frame.slice(6, 12));
  const outside = [DB_0, DB_1];

  test("the Ethernet source is the slice's, the rest stays", () => {
    const frame = ethernet({ to: PEER, from: DB }, ipv4({ from: "10.0.0.2", to: "10.0.0.9" }, tcp(1, 2)));
    const result = bench.fromGuest(PAIR, frame);
    expect(outside).toContain(source(result.packet));
    expect(result.packet.slice(12)).toEqual(frame.slice(12));
    expect(result.packet.slice(0, 6)).toEqual(mac(PEER));
  });

  test("both slices are used", () => {
    const seen = new Set<string>();
    for (let port = 1; port <= 64; port++) {
      const frame = ethernet({ to: PEER, from: DB }, ipv4({ from: "10.0.0.2", to: "10.0.0.9" }, udp(port, 2)));
      seen.add(source(bench.fromGuest(PAIR, frame).packet));
    }
    expect([...seen].sort()).toEqual(outside);
  });

  const arps = [
    ["a request", arp({ op: "request", senderMac: DB, sender: "10.0.0.2", target: "10.0.0.9" }), BROADCAST],
    ["a reply", arp({ op: "reply", senderMac: DB, sender: "10.0.0.2", targetMac: PEER, target: "10.0.0.9" }), PEER],
    ["gratuitous", arp({ op: "request", senderMac: DB, sender: "10.0.0.2", target: "10.0.0.2" }), BROADCAST],
    ["a probe", arp({ op: "request", senderMac: DB, sender: "0.0.0.0", target: "10.0.0.2" }), BROADCAST],
  ] as const;
  test.each(arps)("ARP, %s: the sender inside is the Ethernet source", (_, inside, to) => {
    const frame = ethernet({ to, from: DB }, inside);
    const { packet } = bench.fromGuest(PAIR, frame);
    expect(outside).toContain(source(packet));
    expect(macText(packet.slice(22, 28))).toBe(source(packet));
    expect(packet.slice(28)).toEqual(frame.slice(28));
  });

  test("RARP: sender and target are the slice's", () => {
    const inside = arp({ op: "rarp", senderMac: DB, sender: "0.0.0.0", targetMac: DB, target: "0.0.0.0" });
    const { packet } = bench.fromGuest(PAIR, ethernet({ to: BROADCAST, from: DB }, inside));
    expect(macText(packet.slice(22, 28))).toBe(source(packet));
    expect(macText(packet.slice(32, 38))).toBe(source(packet));
  });

  const nds = [
    ["a solicitation", neighbourSolicitation("fd00::9", sourceMac(DB)), [80]],
    ["a solicitation with a nonce before it", neighbourSolicitation("fd00::9", nonce(), sourceMac(DB)), [88]],
    ["an advertisement", neighbourAdvertisement("fd00::2", targetMac(DB)), [80]],
    ["a router solicitation", routerSolicitation(sourceMac(DB)), [64]],
    ["a router advertisement", routerAdvertisement(nonce(), sourceMac(DB)), [80]],
    ["a redirect to itself", redirect("fd00::2", "fd00::7", targetMac(DB)), [96]],
    ["both options", neighbourAdvertisement("fd00::2", sourceMac(DB), targetMac(DB)), [80, 88]],
  ] as const;
  test.each(nds)("ND, %s: the option is the Ethernet source, the checksum right", (_, inside, places) => {
    const frame = ethernet({ to: PEER, from: DB }, ipv6({ from: "fd00::2", to: "fd00::9", hopLimit: 255 }, inside));
    expect(icmp6ChecksumIsRight(frame)).toBe(true);
    const { packet } = bench.fromGuest(PAIR, frame);
    expect(outside).toContain(source(packet));
    for (const at of places) expect(macText(packet.slice(at, at + 6))).toBe(source(packet));
    expect(icmp6ChecksumIsRight(packet)).toBe(true);
    const changed = frame.filter((byte, index) => byte !== packet[index]).length;
    expect(changed).toBeLessThanOrEqual(6 + 6 * places.length + 2);
  });

  test("duplicate address detection, which has no option, keeps its checksum", () => {
    const inside = neighbourSolicitation("fd00::2");
    const frame = ethernet({ to: "33:33:ff:00:00:02", from: DB }, ipv6({ from: "::", to: "ff02::1:ff00:2" }, inside));
    const { packet, verdict } = bench.fromGuest(PAIR, frame);
    expect(verdict).toBe("FLOOD_FROM_GUEST");
    expect(packet.slice(12)).toEqual(frame.slice(12));
    expect(outside).toContain(source(packet));
  });

  test("all that one peer hears in ARP and ND names one MAC", () => {
    const peers = Array.from({ length: 32 }, (_, index) => `10.0.1.${index}`);
    const macs = new Set<string>();
    for (const peer of peers) {
      const asked = bench.fromGuest(
        PAIR,
        ethernet({ to: BROADCAST, from: DB }, arp({ op: "request", senderMac: DB, sender: "10.0.0.2", target: peer })),
      );
      const answered = bench.fromGuest(
        PAIR,
        ethernet(
          { to: PEER, from: DB },
          arp({ op: "reply", senderMac: DB, sender: "10.0.0.2", targetMac: PEER, target: peer }),
        ),
      );
      expect(source(asked.packet)).toBe(source(answered.packet));
      macs.add(source(asked.packet));
    }
    expect([...macs].sort()).toEqual(outside);
    for (let peer = 0; peer < 32; peer++) {
      const to = `fd00::1:${peer}`;
      const asked = bench.fromGuest(
        PAIR,
        ethernet(
          { to: "33:33:ff:00:00:01", from: DB },
          ipv6({ from: "fd00::2", to: "ff02::1:ff00:1" }, neighbourSolicitation(to, sourceMac(DB))),
        ),
      );
      const answered = bench.fromGuest(
        PAIR,
        ethernet(
          { to: PEER, from: DB },
          ipv6({ from: "fd00::2", to }, neighbourAdvertisement("fd00::2", targetMac(DB))),
        ),
      );
      expect(source(asked.packet)).toBe(source(answered.packet));
    }
  });

  test("a guest that talks to another by a slice's MAC reaches its own MAC", () => {
    const { packet } = bench.fromGuest(PLAIN, ethernet({ to: DB_1, from: WEB }, ipv4(ip, udp(1, 2))));
    expect(macText(packet.slice(0, 6))).toBe(DB);
    const asked = arp({ op: "request", senderMac: WEB, sender: "10.0.0.1", targetMac: DB_1, target: "10.0.0.2" });
    const unicast = bench.fromGuest(PLAIN, ethernet({ to: DB_1, from: WEB }, asked));
    expect(unicast.verdict).toBe("LOCAL");
    expect(macText(unicast.packet.slice(32, 38))).toBe(DB);
  });

  test("what looks like ND but is carried by IPv4 is left alone", () => {
    const inside = neighbourSolicitation("fd00::9", sourceMac(DB));
    // The id lies where IPv6 has the payload's length.
    const head = { from: "10.0.0.2", to: "10.0.0.9", options: new Uint8Array(4), protocol: 58, id: 16 };
    const frame = ethernet({ to: PEER, from: DB }, ipv4(head, inside));
    const result = bench.fromGuest(PAIR, frame);
    expect(result.verdict).toBe("TO_WIRE");
    expect(result.packet.slice(12)).toEqual(frame.slice(12));
  });
});
