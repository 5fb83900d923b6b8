import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Limit } from "../src/abi.ts";
import {
  arp,
  BROADCAST,
  ethernet,
  extension,
  ipv4,
  ipv6,
  ipv6Fragment,
  type Layer,
  ping,
  ping6,
  raw,
  tcp,
  udp,
} from "./packets.ts";
import { type BenchVif, ProgramBench } from "./program-bench.ts";
import { PEER, SHOT } from "./test-host.ts";

const GUEST = "52:54:00:00:00:01";
const SLOT = 0;
const CLASS = 0xa09a0008;

let bench: ProgramBench;
beforeAll(() => {
  bench = new ProgramBench();
});
afterAll(() => bench[Symbol.dispose]());

/** Eight slices, of which the class tells the number. */
const eight = Array.from({ length: 8 }, (_, number) => ({ nic: number, mac: GUEST, classid: CLASS + number }));
function guest(bucket: (index: number) => number, slices: BenchVif["slices"] = eight): void {
  bench.vif({ slot: SLOT, mac: GUEST, flags: [], slices, bucket });
}
const frame = (inside: Layer, to = PEER, from = GUEST) => ethernet({ to, from }, inside);
const sliceOf = (packet: Uint8Array): number => bench.fromGuest(SLOT, packet).priority - CLASS;

beforeEach(() => {
  for (const { nic } of eight) bench.nic({ slot: nic });
});

/** Which bucket a packet falls into: three bits at a time, by tables that tell them. */
function bucketOf(packet: Uint8Array): number {
  return [0, 3, 6, 9].reduce((sum, shift) => {
    guest((index) => (index >> shift) & 7);
    return sum | (sliceOf(packet) << shift);
  }, 0);
}

interface Vector {
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: number;
  readonly ethertype: number;
  readonly mac: string;
  readonly peer: string;
  readonly hash: number;
}
const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL("../../../bpf/hash-vectors.json", import.meta.url), "utf8"),
);

/** A packet whose hash a vector gives, where there is one. */
function packetOf(vector: Vector): Uint8Array | undefined {
  const { from, to, sourcePort, destinationPort } = vector;
  const l4 = { 6: tcp(sourcePort, destinationPort), 17: udp(sourcePort, destinationPort) }[vector.protocol];
  if (vector.kind === "macs") return frame(raw(new Uint8Array(46), vector.ethertype), to, from);
  if (vector.kind === "peer" && vector.mac === GUEST && !vector.peer.includes(":")) {
    return frame(arp({ op: "reply", senderMac: GUEST, sender: "10.0.0.1", target: vector.peer }));
  }
  if (l4 === undefined) return undefined;
  return vector.kind === "ipv4" ? frame(ipv4({ from, to }, l4)) : frame(ipv6({ from, to }, l4));
}

describe("the bucket", () => {
  const usable = vectors.flatMap((vector) => {
    const packet = packetOf(vector);
    return packet === undefined || vector.to === BROADCAST ? [] : [{ vector, packet }];
  });
  test("most vectors are packets", () => expect(usable.length).toBeGreaterThanOrEqual(12));
  test.each(usable)("is the hash that the vectors give: $vector", ({ vector, packet }) => {
    expect(bucketOf(packet)).toBe(vector.hash % Limit.BUCKETS);
  });
});

describe("packets that belong together", () => {
  const ip = { from: "10.0.0.1", to: "10.0.0.9" };
  const ip6 = { from: "fd00::1", to: "fd00::9" };
  const large = new Uint8Array(64).fill(7);
  const groups: [string, Uint8Array[]][] = [
    ["a flow, whatever it carries", [frame(ipv4(ip, tcp(1, 2))), frame(ipv4(ip, tcp(1, 2, large, true)))]],
    [
      "with IPv4 options or without",
      [frame(ipv4(ip, tcp(1, 2))), frame(ipv4({ ...ip, options: new Uint8Array(8) }, tcp(1, 2)))],
    ],
    [
      "with extension headers or without",
      [frame(ipv6(ip6, tcp(1, 2))), frame(ipv6(ip6, extension(0, extension(60, tcp(1, 2), 24))))],
    ],
    [
      "with an atomic fragment header or without",
      [frame(ipv6(ip6, udp(1, 2))), frame(ipv6(ip6, ipv6Fragment({ offset: 0, more: false }, udp(1, 2))))],
    ],
    [
      "tagged or not",
      [
        frame(ipv4(ip, udp(1, 2))),
        ethernet({ to: PEER, from: GUEST, tag: { vlan: 0, priority: 6 } }, ipv4(ip, udp(1, 2))),
      ],
    ],
    ["a ping's request and what follows", [frame(ipv4(ip, ping(7))), frame(ipv4(ip, ping(7, 0)))]],
    ["a ping over IPv6", [frame(ipv6(ip6, ping6(7))), frame(ipv6(ip6, ping6(7, 129)))]],
    [
      "all fragments of a datagram",
      [0, 8, 16].map((offset) =>
        frame(
          ipv4(
            { ...ip, fragment: { offset, more: offset < 16 }, protocol: 17 },
            offset === 0 ? udp(offset, 9) : raw(large),
          ),
        ),
      ),
    ],
    [
      "all fragments over IPv6",
      [0, 8, 16].map((offset) =>
        frame(
          ipv6(
            ip6,
            ipv6Fragment(
              { offset, more: offset < 16 },
              { protocol: 17, bytes: offset === 0 ? udp(3, 4).bytes : () => large },
            ),
          ),
        ),
      ),
    ],
    [
      "fragments of any datagram between two hosts",
      [1, 2, 3].map((port) => frame(ipv4({ ...ip, fragment: { offset: 0, more: true } }, udp(port, port)))),
    ],
  ];
  test.each(groups)("%s: one bucket", (_, packets) => {
    expect(new Set(packets.map(bucketOf)).size).toBe(1);
  });

  test("flows do not", () => {
    const buckets = new Set(Array.from({ length: 50 }, (_, port) => bucketOf(frame(ipv4(ip, tcp(port, 2))))));
    expect(buckets.size).toBeGreaterThan(40);
  });
});

describe("weights", () => {
  const flow = (index: number) =>
    frame(ipv4({ from: "10.0.0.1", to: `10.0.${index >> 8}.${index & 255}` }, udp(1024 + index, 53)));
  const FLOWS = 4000;
  function spread(): number[] {
    const counts = Array.from({ length: 8 }, () => 0);
    for (let index = 0; index < FLOWS; index++) {
      const slice = sliceOf(flow(index));
      counts[slice] = (counts[slice] ?? 0) + 1;
    }
    return counts.map((count) => count / FLOWS);
  }

  test("flows follow the table: 1 : 2 : 5", () => {
    guest((index) => (index < 128 ? 0 : index < 384 ? 1 : 2));
    const [a = 0, b = 0, c = 0] = spread();
    expect(Math.abs(a - 1 / 8)).toBeLessThan(0.025);
    expect(Math.abs(b - 2 / 8)).toBeLessThan(0.025);
    expect(Math.abs(c - 5 / 8)).toBeLessThan(0.025);
  });

  test("with one NIC dead the living share its flows by their weights, and keep their own", () => {
    guest((index) => (index < 128 ? 0 : index < 384 ? 1 : 2));
    const before = Array.from({ length: 500 }, (_, index) => sliceOf(flow(index)));
    bench.nic({ slot: 2, up: false });
    const after = Array.from({ length: 500 }, (_, index) => sliceOf(flow(index)));
    for (const [index, slice] of before.entries()) if (slice !== 2) expect(after[index]).toBe(slice);
    const [a = 0, b = 0, c = 0] = spread();
    expect(c).toBe(0);
    expect(Math.abs(a - 1 / 3)).toBeLessThan(0.04);
    expect(Math.abs(b - 2 / 3)).toBeLessThan(0.04);
  });
});

describe("failover", () => {
  const packet = frame(ipv4({ from: "10.0.0.1", to: "10.0.0.9" }, udp(1, 2)));
  const dead = (...slots: number[]) => {
    for (const slot of slots) bench.nic({ slot, up: false });
  };

  test("a packet whose first choice is dead leaves by another slice, with that one's class and MAC", () => {
    const other = "02:00:00:00:00:05";
    guest(() => 3, [null, null, null, eight[3] ?? null, null, { nic: 5, mac: other, classid: CLASS + 5 }]);
    bench.vif({
      slot: SLOT,
      mac: GUEST,
      flags: ["REWRITE_MAC"],
      bucket: (index) => (index % 2 === 0 ? 3 : 5),
      slices: [
        null,
        null,
        null,
        { nic: 3, mac: "02:00:00:00:00:03", classid: CLASS + 3 },
        null,
        { nic: 5, mac: other, classid: CLASS + 5 },
      ],
    });
    dead(3);
    const before = bench.counters(SLOT, 3).failovers;
    let moved = 0n;
    for (let port = 0; port < 20; port++) {
      const result = bench.fromGuest(SLOT, frame(ipv4({ from: "10.0.0.1", to: "10.0.0.9" }, udp(port, 2))));
      expect(result.priority).toBe(CLASS + 5);
      expect(result.packet.slice(6, 12)).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 5));
      if (result.verdict === "TO_WIRE_FAILOVER") moved++;
    }
    expect(moved).toBeGreaterThan(0n);
    expect(bench.counters(SLOT, 3).failovers - before).toBe(moved);
  });

  test("one slice that no bucket names is found too", () => {
    guest(() => 0);
    dead(0, 1, 2, 3, 4, 5, 7);
    expect(sliceOf(packet)).toBe(6);
    expect(bench.fromGuest(SLOT, packet).verdict).toBe("TO_WIRE_FAILOVER");
  });

  test("with all dead it is dropped and counted at its first choice", () => {
    guest(() => 4);
    dead(0, 1, 2, 3, 4, 5, 6, 7);
    const before = bench.counters(SLOT, 4).txDrops;
    const result = bench.fromGuest(SLOT, packet);
    expect(result.verdict).toBe("DROP_NO_SLICE");
    expect(result.returned).toBe(SHOT);
    expect(bench.counters(SLOT, 4).txDrops - before).toBe(1n);
  });

  test("a slice of a NIC that is not configured is dead", () => {
    guest((index) => index % 2, [{ nic: 60, mac: GUEST, classid: 1 }, eight[1] ?? null]);
    expect(sliceOf(packet)).toBe(1);
  });

  test("a bucket that names a free slice is served by another", () => {
    guest(() => 2, [eight[0] ?? null]);
    expect(sliceOf(packet)).toBe(0);
  });
});
