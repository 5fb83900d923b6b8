import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arp, ethernet, extension, ipv4, ipv6, neighbourSolicitation, ping, sourceMac, tcp, udp } from "./packets.ts";
import type { ProgramBench } from "./program-bench.ts";
import { hostBench, ip, ip6, OTHER, PEER, PLAIN, SHOT, TRUNK, TRUNKED, toPeer, WEB } from "./test-host.ts";

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
});
afterAll(() => bench[Symbol.dispose]());

describe("frames that are too short for their own headers", () => {
  const cut = (frame: Uint8Array, length: number) => frame.slice(0, length);
  const patched = (frame: Uint8Array, at: number, value: number) =>
    frame.map((byte, index) => (index === at ? value : byte));
  const frames: [string, Uint8Array][] = [
    ["IPv4 of version 6", patched(toPeer(WEB), 14, 0x65)],
    ["an IPv4 header length of 16", patched(toPeer(WEB), 14, 0x44)],
    ["IPv4 options beyond the end", cut(patched(toPeer(WEB), 14, 0x4f), 60)],
    ["UDP without ports", cut(toPeer(WEB), 36)],
    ["ICMP cut", cut(toPeer(WEB, ipv4(ip, ping(1))), 40)],
    ["IPv6 of version 4", patched(toPeer(WEB, ipv6(ip6, tcp(1, 2))), 14, 0x40)],
    ["TCP over IPv6 without ports", cut(toPeer(WEB, ipv6(ip6, tcp(1, 2))), 56)],
    ["an extension header cut", cut(toPeer(WEB, ipv6(ip6, extension(0, tcp(1, 2)))), 58)],
    ["a solicitation without its target", cut(toPeer(WEB, ipv6(ip6, neighbourSolicitation("fd00::1"))), 70)],
    [
      "an ND option of length 0",
      patched(toPeer(WEB, ipv6(ip6, neighbourSolicitation("fd00::1", sourceMac(WEB)))), 79, 0),
    ],
    [
      "seven extension headers",
      toPeer(
        WEB,
        ipv6(
          ip6,
          [1, 2, 3, 4, 5, 6, 7].reduce((inside) => extension(60, inside), udp(1, 2)),
        ),
      ),
    ],
    ["ARP cut", cut(toPeer(WEB, arp({ op: "reply", senderMac: WEB, sender: "10.0.0.1", target: "10.0.0.9" })), 41)],
    ["a tag cut", cut(ethernet({ to: PEER, from: TRUNKED, tag: { vlan: 30 } }, ipv4(ip, udp(1, 2))), 16)],
  ];
  test.each(frames)("%s", (_, frame) => {
    const result = bench.fromGuest(PLAIN, frame);
    expect(result.verdict).toBe("DROP_MALFORMED");
    expect(result.returned).toBe(SHOT);
  });
  test("IP headers cut behind a tag (a test run refuses them without)", () => {
    const tag = { vlan: 30 };
    const v4 = ethernet({ to: PEER, from: TRUNKED, tag }, ipv4(ip, udp(1, 2)));
    const v6 = ethernet({ to: PEER, from: TRUNKED, tag }, ipv6(ip6, udp(1, 2)));
    expect(bench.fromGuest(TRUNK, v4).verdict).toBe("TO_WIRE");
    expect(bench.fromGuest(TRUNK, cut(v4, 37)).verdict).toBe("DROP_MALFORMED");
    expect(bench.fromGuest(TRUNK, cut(v4, 41)).verdict).toBe("DROP_MALFORMED");
    expect(bench.fromGuest(TRUNK, v6).verdict).toBe("TO_WIRE");
    expect(bench.fromGuest(TRUNK, cut(v6, 57)).verdict).toBe("DROP_MALFORMED");
    expect(bench.fromGuest(TRUNK, cut(v6, 61)).verdict).toBe("DROP_MALFORMED");
  });
  test("six extension headers are fine", () => {
    const chain = [1, 2, 3, 4, 5, 6].reduce((inside) => extension(60, inside), udp(1, 2));
    expect(bench.fromGuest(PLAIN, toPeer(WEB, ipv6(ip6, chain))).verdict).toBe("TO_WIRE");
  });
  test("ARP of hardware that Linux does not take for Ethernet is no ARP, of hardware that it does is", () => {
    const forged = toPeer(WEB, arp({ op: "reply", senderMac: OTHER, sender: "10.0.0.1", target: "10.0.0.9" }));
    expect(bench.fromGuest(PLAIN, patched(forged, 15, 15)).verdict).toBe("TO_WIRE");
    expect(bench.fromGuest(PLAIN, patched(forged, 15, 6)).verdict).toBe("DROP_SPOOFED_MAC");
  });
});
