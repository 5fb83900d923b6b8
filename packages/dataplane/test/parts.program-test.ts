import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Limit } from "../src/abi.ts";
import {
  arp,
  BROADCAST,
  checksum,
  ethernet,
  extension,
  ipv4,
  ipv6,
  ipv6Fragment,
  type Layer,
  ping,
  raw,
  tcp,
  udp,
} from "./packets.ts";
import { NOWHERE, ProgramBench } from "./program-bench.ts";
import { OTHER, PEER } from "./test-host.ts";

const GUEST = "52:54:00:00:03:01";
const RULED = 3;
const CAPPED = 4;
const REMARKED = 5;
const NO_RULES = 6;
const TAGGED = 7;
const macOf = (slot: number) => `52:54:00:00:03:0${slot}`;
const classOf = (slot: number) => (Limit.HTB_MAJOR * 0x10000 + 8 * (slot + 1)) >>> 0;

const REST = Limit.PART_REST;
const [EF, AF41, CS6] = [46, 34, 48];
const TCP = 6;
const UDP = 17;
const ICMP = 1;

let bench: ProgramBench;
beforeAll(() => {
  bench = new ProgramBench();
  bench.nic({ slot: 0, inIfindex: NOWHERE });
  const ruled = [
    { part: 1, dscp: [EF, CS6] },
    { part: 2, protocol: TCP, ports: [80, 443] as const },
    { part: 2, protocol: UDP, ports: [443, 443] as const },
    { part: 3, pcp: [5, 6] },
    { part: 4, protocol: ICMP },
    { part: 5, dscp: [AF41], ports: [5000, 5999] as const },
    { part: 4, dscp: [AF41], pcp: [0] },
  ];
  const parts = [1, 2, 3, 4, 5].map((part) => ({ part }));
  const vif = (slot: number, flags: readonly ("PARTS" | "CAPPED")[], more = {}) =>
    bench.vif({
      slot,
      mac: macOf(slot),
      flags: ["CHECK_MAC", ...flags],
      slices: [{ nic: 0, mac: macOf(slot), classid: classOf(slot) }],
      ...more,
    });
  vif(RULED, ["PARTS"], { trunk: [30] });
  bench.rules(RULED, ruled, parts);
  vif(CAPPED, ["PARTS", "CAPPED"], { vlan: 20 });
  bench.rules(CAPPED, [{ part: 1, dscp: [EF] }], [{ part: 1, dscp: AF41 }]);
  bench.spine("CAP", NOWHERE);
  vif(REMARKED, ["PARTS"], { trunk: [30] });
  bench.rules(
    REMARKED,
    [
      { part: 1, dscp: [EF] },
      { part: 2, protocol: UDP },
    ],
    [
      { part: 1, dscp: AF41, pcp: 6 },
      { part: 2, dscp: 0 },
    ],
  );
  vif(NO_RULES, ["PARTS"]);
  vif(TAGGED, ["PARTS"], { vlan: 20 });
});
afterAll(() => bench[Symbol.dispose]());

const at = { from: "10.0.0.1", to: "10.0.0.9" };
const at6 = { from: "fd00::1", to: "fd00::9" };
const ip4 = (tos: number, inside: Layer = udp(1, 2)) => ipv4({ ...at, tos }, inside);
const ip6 = (tos: number, inside: Layer = udp(1, 2)) => ipv6({ ...at6, tos }, inside);
const first = { offset: 0, more: true };
const later = { offset: 1480, more: false };
const pcp = (priority: number, inside: Layer) => ({ tag: { vlan: 30, priority }, inside });

interface PartRow {
  readonly name: string;
  readonly inside: Layer;
  readonly tag?: { readonly vlan: number; readonly priority: number };
  readonly part: number;
}

describe("the part of a frame, by the first rule that matches", () => {
  const rows: PartRow[] = [
    { name: "nothing matches", inside: ip4(0), part: REST },
    { name: "DSCP, IPv4", inside: ip4(EF << 2), part: 1 },
    { name: "DSCP, IPv4, ECN does not matter", inside: ip4((EF << 2) | 3), part: 1 },
    { name: "DSCP, the second of a set", inside: ip4(CS6 << 2), part: 1 },
    { name: "DSCP, IPv6: the traffic class", inside: ip6((EF << 2) | 1), part: 1 },
    { name: "DSCP of no rule", inside: ip4(10 << 2), part: REST },
    { name: "DSCP before ports", inside: ip4(EF << 2, tcp(1, 80)), part: 1 },
    { name: "destination port, the first of the range", inside: ip4(0, tcp(9, 80)), part: 2 },
    { name: "destination port, the last of the range", inside: ip4(0, tcp(9, 443)), part: 2 },
    { name: "source port", inside: ip4(0, tcp(443, 9)), part: 2 },
    { name: "a port below the range", inside: ip4(0, tcp(9, 79)), part: REST },
    { name: "a port above the range", inside: ip4(0, tcp(9, 444)), part: REST },
    { name: "the port in another protocol", inside: ip4(0, udp(9, 80)), part: REST },
    { name: "the port in the protocol of another rule", inside: ip4(0, udp(9, 443)), part: 2 },
    { name: "a port over IPv6", inside: ip6(0, tcp(9, 443)), part: 2 },
    { name: "a port behind extension headers", inside: ip6(0, extension(0, tcp(9, 443))), part: 2 },
    { name: "a first fragment has no ports", inside: ipv4({ ...at, fragment: first }, tcp(9, 443)), part: REST },
    { name: "a later fragment neither", inside: ipv4({ ...at, fragment: later }, tcp(9, 443)), part: REST },
    { name: "nor one of IPv6", inside: ip6(0, ipv6Fragment(first, tcp(9, 443))), part: REST },
    {
      name: "a fragment has a DSCP",
      inside: ipv4({ ...at, fragment: later, tos: EF << 2 }, tcp(9, 443)),
      part: 1,
    },
    { name: "protocol", inside: ip4(0, ping(443)), part: 4 },
    { name: "an echo's id is no port", inside: ip4(AF41 << 2, ping(5500)), part: 4 },
    { name: "ESP's SPI is no port", inside: ipv4({ ...at, tos: AF41 << 2, protocol: 50 }, udp(1, 5500)), part: REST },
    { name: "VLAN priority", ...pcp(5, ip4(0)), part: 3 },
    { name: "VLAN priority of no rule", ...pcp(1, ip4(0)), part: REST },
    { name: "VLAN priority of no IP", ...pcp(6, raw(new Uint8Array(46))), part: 3 },
    { name: "all of DSCP and port", inside: ip4(AF41 << 2, udp(1, 5500)), part: 5 },
    { name: "DSCP without the port", inside: ip4(AF41 << 2, udp(1, 4999)), part: REST },
    { name: "DSCP and a tag of priority 0", ...pcp(0, ip4(AF41 << 2)), part: 4 },
    {
      name: "ARP is of no class",
      inside: arp({ op: "reply", senderMac: macOf(RULED), sender: "10.0.0.1", target: "10.0.0.9" }),
      part: REST,
    },
    { name: "no IP is of no class", inside: raw(new Uint8Array(46).fill(EF << 2)), part: REST },
  ];
  test.each(rows)("$name: $part", ({ inside, tag, part }) => {
    const tags = tag === undefined ? {} : { tag };
    const out = bench.fromGuest(RULED, ethernet({ to: PEER, from: macOf(RULED), ...tags }, inside));
    expect(out).toMatchObject({ verdict: "TO_WIRE", priority: classOf(RULED) + part });
    const back = bench.fromWire(0, ethernet({ to: macOf(RULED), from: PEER, ...tags }, inside));
    expect(back).toMatchObject({ verdict: "TO_SPINE", priority: classOf(RULED) + part });
    expect(back.mark >>> Limit.SPINE_PART_SHIFT).toBe(part);
  });

  test("without rules all is rest, and so is what is shouted", () => {
    const frame = ethernet({ to: PEER, from: macOf(NO_RULES) }, ip4(EF << 2));
    expect(bench.fromGuest(NO_RULES, frame).priority).toBe(classOf(NO_RULES) + REST);
    const shout = ethernet({ to: BROADCAST, from: macOf(RULED) }, ip4(EF << 2));
    expect(bench.fromGuest(RULED, shout)).toMatchObject({ verdict: "FLOOD_FROM_GUEST", priority: classOf(RULED) + 1 });
  });

  test("the last of as many rules as there may be", () => {
    const rules = Array.from({ length: Limit.MAX_RULES }, (_, index) => ({
      part: index === Limit.MAX_RULES - 1 ? 2 : 1,
      protocol: TCP,
      ports: [1000 + index, 1000 + index] as const,
    }));
    bench.rules(NO_RULES, rules, [{ part: 1 }, { part: 2 }]);
    const to = (port: number) =>
      bench.fromGuest(NO_RULES, ethernet({ to: PEER, from: macOf(NO_RULES) }, ip4(0, tcp(1, port)))).priority;
    expect([to(1000), to(1000 + Limit.MAX_RULES - 1), to(1000 + Limit.MAX_RULES)]).toEqual(
      [1, 2, REST].map((part) => classOf(NO_RULES) + part),
    );
  });

  test("what is on its way in and cannot be parsed is rest", () => {
    const short = ethernet({ to: macOf(RULED), from: PEER }, ip4(EF << 2)).slice(0, 36);
    expect(bench.fromWire(0, short)).toMatchObject({ verdict: "TO_SPINE", priority: classOf(RULED) + REST });
  });
});

describe("marking anew", () => {
  const from = macOf(REMARKED);
  const tag = (priority: number, vlan = 30) => ({ tag: { vlan, priority } });
  const rows = [
    { name: "DSCP, IPv4", before: ip4(EF << 2, tcp(1, 2)), after: ip4(AF41 << 2, tcp(1, 2)) },
    { name: "DSCP, IPv6", before: ip6(EF << 2, tcp(1, 2)), after: ip6(AF41 << 2, tcp(1, 2)) },
    ...[1, 2, 3].flatMap((ecn) => [
      {
        name: `ECN ${ecn} stays, IPv4`,
        before: ip4((EF << 2) | ecn, tcp(1, 2)),
        after: ip4((AF41 << 2) | ecn, tcp(1, 2)),
      },
      {
        name: `ECN ${ecn} stays, IPv6`,
        before: ip6((EF << 2) | ecn, tcp(1, 2)),
        after: ip6((AF41 << 2) | ecn, tcp(1, 2)),
      },
    ]),
    { name: "to DSCP 0", before: ip4((10 << 2) | 2), after: ip4(2) },
    { name: "what is as it should be", before: ip6(1), after: ip6(1) },
    { name: "nothing where no class claims it", before: ip4(EF, tcp(1, 2)), after: ip4(EF, tcp(1, 2)) },
  ];
  test.each(rows)("$name", ({ before, after }) => {
    const { packet } = bench.fromGuest(REMARKED, ethernet({ to: PEER, from }, before));
    expect(packet).toEqual(ethernet({ to: PEER, from }, after));
    if (packet[12] === 8) expect(checksum(packet.slice(14, 34))).toBe(0);
  });

  test("the IPv4 checksum is right for whatever the header holds", () => {
    for (let id = 0; id < 0x10000; id += 251) {
      const frame = ethernet({ to: PEER, from }, ipv4({ ...at, id, tos: EF << 2 }, tcp(1, 2)));
      expect(checksum(bench.fromGuest(REMARKED, frame).packet.slice(14, 34))).toBe(0);
    }
  });

  test("what the guest gets is as it came", () => {
    const frame = ethernet({ to: from, from: PEER }, ip4(EF << 2, tcp(1, 2)));
    expect(bench.fromWire(0, frame).packet).toEqual(frame);
  });

  test("a frame that cannot be parsed as IP keeps its bytes", () => {
    const frame = ethernet({ to: PEER, from, ...tag(0) }, raw(new Uint8Array(46)));
    expect(bench.fromGuest(REMARKED, frame).packet).toEqual(frame);
  });
});

describe("parts and the cap", () => {
  const frame = ethernet({ to: PEER, from: macOf(CAPPED) }, ip4((EF << 2) | 1, tcp(1, 2)));
  test("a frame keeps its part over the spine, though it was marked anew", () => {
    const into = bench.fromGuest(CAPPED, frame);
    expect(into).toMatchObject({ verdict: "TO_SPINE", priority: classOf(CAPPED) + 1 });
    expect(into.packet).toEqual(ethernet({ to: PEER, from: macOf(CAPPED) }, ip4((AF41 << 2) | 1, tcp(1, 2))));
    const out = bench.fromSpine(into.mark, into.packet);
    expect(out).toMatchObject({ verdict: "TO_WIRE", priority: classOf(CAPPED) + 1, mark: 0 });
    expect(out.packet).toEqual(into.packet);
  });
  test("without the spine too", () => {
    bench.spine("CAP", 0);
    const out = bench.fromGuest(CAPPED, frame);
    bench.spine("CAP", NOWHERE);
    expect(out).toMatchObject({ verdict: "TO_WIRE", priority: classOf(CAPPED) + 1, pastSpine: true });
  });
});

test("a frame between guests is of no part", () => {
  const frame = ethernet({ to: macOf(NO_RULES), from: macOf(RULED) }, ip4(EF << 2));
  expect(bench.fromGuest(RULED, frame)).toMatchObject({ verdict: "LOCAL", packet: frame });
  expect(bench.fromGuest(RULED, ethernet({ to: OTHER, from: GUEST }, ip4(0))).verdict).toBe("DROP_SPOOFED_MAC");
});
