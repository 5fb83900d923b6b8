import { afterAll, beforeEach, expect, test } from "vitest";
import { gonaDeparture, Limit } from "../src/abi.ts";
import { indexKey } from "../src/map-keys.ts";
import { arp, ethernet, ipv4, udp } from "./packets.ts";
import { type BenchResult, ProgramBench } from "./program-bench.ts";
import { PEER } from "./test-host.ts";

const SLOT = 5;
const MAC = "52:54:00:00:05:05";
const CLASS = (Limit.HTB_MAJOR * 0x10000 + 8) >>> 0;
const SECOND = 1_000_000_000n;
/** Bytes/s: so few that the horizon, 150,000 bytes, is long beside what a test takes on a busy machine. */
const RATE = 10_000;
const HORIZON = 15n * SECOND;
const FRAME = 100;
const FRAME_NS = (BigInt(FRAME) * SECOND) / BigInt(RATE);

const bench = new ProgramBench();
afterAll(() => bench[Symbol.dispose]());
beforeEach(() => {
  bench.nic({ slot: 0, timed: true });
  guest(RATE);
  setFree(0n);
});

const now = (): bigint => process.hrtime.bigint();
const guest = (txBytesPerS: number): void =>
  bench.vif({ slot: SLOT, mac: MAC, slices: [{ nic: 0, mac: MAC, classid: CLASS, txBytesPerS }] });
const departures = () => bench.object.map("gona_departures");
const PLACE = indexKey(SLOT * Limit.MAX_SLICES);
const setFree = (freeNs: bigint): void => departures().put(PLACE, gonaDeparture.encode({ freeNs }));
const free = (): bigint => gonaDeparture.decode(departures().get(PLACE) ?? new Uint8Array(gonaDeparture.size)).freeNs;
const send = (tos = 0, context = {}): BenchResult => {
  const inside = udp(1, 9, new Uint8Array(FRAME - 42));
  return bench.fromGuest(
    SLOT,
    ethernet({ to: PEER, from: MAC }, ipv4({ from: "10.0.0.1", to: "10.0.0.9", tos }, inside)),
    context,
  );
};
/** ECN field of an IPv4 frame. */
const ecn = ({ packet }: BenchResult): number => (packet[15] ?? 0) & 3;

test("a frame that finds nothing before it leaves now, and takes its time at the limit", () => {
  const before = now();
  const sent = send();
  expect(sent).toMatchObject({ verdict: "TO_WIRE", priority: 0 });
  expect(free()).toBeGreaterThanOrEqual(before + FRAME_NS);
  expect(free()).toBeLessThanOrEqual(now() + FRAME_NS);
});

test("one that finds others leaves when they have, each after the one before", () => {
  const busy = now() + 3n * SECOND;
  setFree(busy);
  for (const sent of [send(), send(), send()]) expect(sent.verdict).toBe("TO_WIRE");
  expect(free()).toBe(busy + 3n * FRAME_NS);
});

test("a GSO packet takes the time of all its segments, with their headers", () => {
  const busy = now() + SECOND;
  setFree(busy);
  send(0, { gsoSegments: 4, gsoSize: 20 });
  expect(free()).toBe(busy + (BigInt(FRAME + 3 * 42) * SECOND) / BigInt(RATE));
});

test("beyond the horizon it is dropped, counted, and takes no time", () => {
  const busy = now() + HORIZON + 5n * SECOND;
  setFree(busy);
  const before = bench.counters(SLOT, 0).txAqmDrops;
  expect(send().verdict).toBe("DROP_QUEUE");
  expect(free()).toBe(busy);
  expect(bench.counters(SLOT, 0).txAqmDrops).toBe(before + 1n);
});

test.each([
  { ahead: 3n, tos: 2, expected: 2 },
  { ahead: 12n, tos: 2, expected: 3 },
  { ahead: 12n, tos: 0, expected: 0 },
])("$ahead s ahead of 15, ECN $tos leaves as $expected", ({ ahead, tos, expected }) => {
  setFree(now() + ahead * SECOND);
  const sent = send(tos);
  expect(sent.verdict).toBe("TO_WIRE");
  expect(ecn(sent)).toBe(expected);
});

test("ARP, which can have no time, counts all the same", () => {
  const busy = now() + SECOND;
  setFree(busy);
  const asks = arp({ op: "request", senderMac: MAC, sender: "10.0.0.1", target: "10.0.0.9" });
  expect(bench.fromGuest(SLOT, ethernet({ to: PEER, from: MAC }, asks)).verdict).toBe("TO_WIRE");
  expect(free()).toBeGreaterThan(busy);
});

test("on a NIC that has classes no time is reckoned", () => {
  bench.nic({ slot: 0 });
  expect(send()).toMatchObject({ verdict: "TO_WIRE", priority: CLASS });
  expect(free()).toBe(0n);
});
