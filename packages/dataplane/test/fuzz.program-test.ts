import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  arp,
  BROADCAST,
  concat,
  ethernet,
  extension,
  ipv4,
  ipv6,
  ipv6Fragment,
  mac,
  neighbourSolicitation,
  ping6,
  sourceMac,
  tcp,
  udp,
} from "./packets.ts";
import { NOWHERE, type ProgramBench } from "./program-bench.ts";
import { DB, hostBench, ip, ip6, PEER, TRUNKED, toPeer, WEB } from "./test-host.ts";

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
});
afterAll(() => bench[Symbol.dispose]());

const seeds = [
  toPeer(WEB),
  toPeer(DB, ipv4(ip, tcp(1, 2))),
  toPeer(DB, ipv6(ip6, extension(0, extension(43, tcp(1, 2))))),
  toPeer(DB, ipv6(ip6, ipv6Fragment({ offset: 0, more: true }, ping6(1)))),
  ethernet({ to: BROADCAST, from: DB }, arp({ op: "request", senderMac: DB, sender: "10.0.0.2", target: "10.0.0.9" })),
  ethernet({ to: "33:33:ff:00:00:09", from: DB }, ipv6(ip6, neighbourSolicitation("fd00::9", sourceMac(DB)))),
  ethernet({ to: PEER, from: TRUNKED, tag: { vlan: 30 } }, ipv4(ip, udp(1, 2))),
];

/** A right frame with some bytes wrong, cut somewhere; or an Ethernet header and noise. */
const frames = fc.oneof(
  fc
    .record({
      seed: fc.constantFrom(...seeds),
      wrong: fc.array(fc.record({ at: fc.nat(90), value: fc.nat(255) }), { maxLength: 6 }),
      length: fc.integer({ min: 14, max: 120 }),
    })
    .map(({ seed, wrong, length }) => {
      const frame = Uint8Array.from(seed);
      for (const { at, value } of wrong) if (at < frame.length) frame[at] = value;
      return frame.slice(0, Math.min(length, frame.length));
    }),
  fc
    .record({
      to: fc.constantFrom(PEER, BROADCAST, DB, "33:33:00:00:00:01"),
      ethertype: fc.constantFrom(0x0800, 0x0806, 0x8035, 0x86dd, 0x8100, 0x88a8, 0x88b5),
      noise: fc.uint8Array({ maxLength: 100 }),
    })
    .map(({ to, ethertype, noise }) =>
      concat(mac(to), mac(DB), Uint8Array.of(ethertype >> 8, ethertype & 0xff), noise),
    ),
);

/** A test run itself refuses IP packets without a whole IP header. */
const runs = (frame: Uint8Array): boolean => {
  const ethertype = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  return frame.length >= (ethertype === 0x0800 ? 34 : ethertype === 0x86dd ? 54 : 14);
};

test("whatever a guest sends, it ends in one counted verdict and as long as it was", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(frames, fc.nat(7), (frame, slot) => {
      fc.pre(runs(frame));
      const result = bench.fromGuest(slot, frame);
      seen.add(result.verdict);
      expect([2, 7]).toContain(result.returned);
      expect(frame.length - result.packet.length).toBeLessThanOrEqual(4);
    }),
    { seed: 1, numRuns: 3000 },
  );
  const often = ["TO_WIRE", "FLOOD_FROM_GUEST", "DROP_MALFORMED", "DROP_SPOOFED_MAC", "DROP_VLAN"];
  expect([...seen]).toEqual(expect.arrayContaining(often));
});

test("whatever the wire brings, it ends in one counted verdict and is never called malformed", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(frames, fc.nat(1), fc.constantFrom(PEER, DB), (noise, slot, source) => {
      fc.pre(runs(noise));
      const frame = Uint8Array.from(noise);
      frame.set(mac(source), 6);
      const result = bench.fromWire(slot, frame);
      seen.add(result.verdict);
      expect([-1, 2, 7]).toContain(result.returned);
    }),
    { seed: 2, numRuns: 3000 },
  );
  expect([...seen]).not.toContain("DROP_MALFORMED");
  expect([...seen]).toEqual(expect.arrayContaining(["TO_GUEST", "PASS_FOREIGN", "FLOOD_FROM_WIRE", "DROP_REFLECTION"]));
});

test("whatever a guest with all that queues asks sends, it comes out of the spine that it went into", () => {
  const SLOT = 30;
  const classid = 0xa09a00f8;
  bench.vif({
    slot: SLOT,
    mac: "52:54:00:00:05:01",
    flags: ["PARTS", "CAPPED", "LOCAL_CAPPED", "REWRITE_MAC"],
    goalUs: 1000,
    trunk: [30],
    slices: [{ nic: 0, mac: "02:00:00:00:05:00", classid, txBytesPerS: 1000, rxBytesPerS: 1000 }],
  });
  const rules = [
    { part: 1, dscp: [0] },
    { part: 2, ports: [1, 30_000] as const },
  ];
  bench.rules(SLOT, rules, [
    { part: 1, dscp: 46, pcp: 5, goalUs: 500 },
    { part: 2, dscp: 10 },
  ]);
  bench.spine("CAP", NOWHERE);
  bench.spine("LOCAL", NOWHERE);
  const seen = new Set<string>();
  fc.assert(
    fc.property(frames, (frame) => {
      fc.pre(runs(frame));
      const into = bench.fromGuest(SLOT, frame);
      seen.add(into.verdict);
      if (into.verdict !== "TO_SPINE") return;
      expect(into.priority - classid).toBeGreaterThan(0);
      expect(into.priority - classid).toBeLessThan(8);
      const out = bench.fromSpine(into.mark, into.packet);
      seen.add(out.verdict);
      // ND with options cut short is found out where they are rewritten.
      expect(out.verdict).not.toMatch(/^DROP_(?!MALFORMED)/);
      if (out.returned === 7) expect(out.mark).toBe(0);
    }),
    { seed: 3, numRuns: 3000 },
  );
  const often = ["TO_SPINE", "TO_WIRE", "FLOOD_FROM_GUEST", "DROP_MALFORMED", "DROP_VLAN", "DROP_QUEUE"];
  expect([...seen]).toEqual(expect.arrayContaining(often));
});
