import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { gonaNic, Limit } from "../src/abi.ts";
import { arp, BROADCAST, ethernet, ipv4, raw, udp } from "./packets.ts";
import { NOWHERE, type ProgramBench } from "./program-bench.ts";
import {
  check,
  DB,
  DB_1,
  hostBench,
  OTHER,
  PAIR,
  PEER,
  PLAIN,
  type Row,
  STOPPED_MAC,
  toPeer,
  WEB,
} from "./test-host.ts";

/** The loopback of the namespace that the tests run in: a device that runs and never goes. */
const RUNNING = 1;
/** A domain's NIC that shapes what comes in, and one that does not. */
const SHAPING = 0;
const PLAIN_NIC = 1;

const classOf = (slot: number) => (Limit.HTB_MAJOR * 0x10000 + 8 * (slot + 1)) >>> 0;

let bench: ProgramBench;
beforeAll(() => {
  bench = hostBench();
});
afterAll(() => bench[Symbol.dispose]());
beforeEach(() => {
  bench.nic({ slot: SHAPING, peer: true, inIfindex: NOWHERE });
  bench.nic({ slot: PLAIN_NIC, peer: true });
});

const inside = ipv4({ from: "10.0.0.9", to: "10.0.0.2" }, udp(1, 2));
const to = (destination: string) => ethernet({ to: destination, from: PEER }, inside);
const question = ethernet(
  { to: BROADCAST, from: PEER },
  arp({ op: "request", senderMac: PEER, sender: "10.0.0.9", target: "10.0.0.1" }),
);
const lacp = ethernet({ to: "01:80:c2:00:00:02", from: PEER }, raw(new Uint8Array(110), 0x8809));

describe("from a NIC in a domain", () => {
  const rows: Row[] = [
    { name: "for a guest", slot: SHAPING, frame: to(WEB), verdict: "OVER_TRUNK", priority: classOf(PLAIN) },
    { name: "for a slice's MAC, by its NIC", slot: PLAIN_NIC, frame: to(DB_1), verdict: "OVER_TRUNK" },
    { name: "for a guest, unshaped", slot: PLAIN_NIC, frame: to(DB), verdict: "OVER_TRUNK" },
    { name: "for the host, or a stranger", slot: SHAPING, frame: to(OTHER), verdict: "OVER_TRUNK", priority: 0 },
    { name: "for all", slot: SHAPING, frame: question, verdict: "OVER_TRUNK", priority: 0 },
    { name: "the switch's own", slot: SHAPING, frame: lacp, verdict: "PASS_FOREIGN" },
    { name: "by a NIC that is not ours", slot: 40, frame: to(WEB), verdict: "PASS_UNKNOWN_LINK" },
  ];
  test.each(rows)("$name", (row) => check(row, bench.fromNic(row.slot, row.frame, { priority: 7 })));

  test("a guest whose slices are on other NICs waits with what is nobody's", () => {
    bench.nic({ slot: 2, peer: true, inIfindex: NOWHERE });
    expect(bench.fromNic(2, to(WEB)).priority).toBe(0);
  });
});

describe("over the trunk to a NIC", () => {
  test("it keeps the class that the hub chose", () => {
    const left = bench.fromGuest(PLAIN, toPeer(WEB));
    expect(left.verdict).toBe("TO_WIRE");
    const row: Row = { name: "", slot: SHAPING, frame: left.packet, verdict: "OVER_TRUNK", priority: classOf(PLAIN) };
    check(row, bench.toNic(SHAPING, left.packet, { priority: left.priority }));
  });

  test("nothing passes whose NIC was cleared", () => {
    check({ name: "", slot: 40, frame: to(WEB), verdict: "DROP_STRAY" }, bench.toNic(40, to(WEB)));
  });
});

describe("in the hub, by a trunk that shapes", () => {
  const rows: Row[] = [
    { name: "a guest's frame has waited", slot: SHAPING, frame: to(WEB), verdict: "TO_GUEST" },
    { name: "a question goes to who is asked", slot: SHAPING, frame: question, verdict: "DIRECTED_ARP" },
    { name: "a stopped guest's", slot: SHAPING, frame: to(STOPPED_MAC), verdict: "DROP_STOPPED" },
  ];
  test.each(rows)("$name", (row) => {
    const result = bench.fromWire(row.slot, row.frame);
    check(row, result);
    expect(result.pastSpine).toBe(false);
  });
});

describe("a trunk", () => {
  const recordOf = (slot: number) => {
    const value = bench.object.map("gona_nics").get(new Uint8Array(Uint32Array.of(slot).buffer));
    return gonaNic.decode(value ?? new Uint8Array(gonaNic.size));
  };
  const pair = () => bench.fromGuest(PAIR, toPeer(DB)).verdict;

  test("is found in the hub, beside its NIC", () => {
    bench.nic({ slot: SHAPING, peer: true, ifindex: 77, outIfindex: RUNNING });
    expect(bench.resolve(SHAPING | Limit.RESOLVE_TRUNK, RUNNING)).toBe(0);
    expect(recordOf(SHAPING)).toMatchObject({ netdev: 0n });
    expect(recordOf(SHAPING).trunk).not.toBe(0n);
    // Of another link than the record names it is not taken.
    bench.nic({ slot: SHAPING, peer: true, ifindex: 77, outIfindex: 78 });
    expect(bench.resolve(SHAPING | Limit.RESOLVE_TRUNK, RUNNING)).not.toBe(0);
    expect(recordOf(SHAPING).trunk).toBe(0n);
    expect(bench.resolve(Limit.MAX_NICS, RUNNING)).not.toBe(0);
  });

  test("that is gone makes its NIC a dead one", () => {
    bench.nic({ slot: SHAPING, peer: true, outIfindex: RUNNING });
    expect(bench.resolve(SHAPING | Limit.RESOLVE_TRUNK, RUNNING)).toBe(0);
    const { trunk } = recordOf(SHAPING);
    bench.nic({ slot: PLAIN_NIC, up: false });
    expect(pair()).toMatch(/^TO_WIRE/);
    // Its ifindex is another's now, or nobody's.
    bench.nic({ slot: SHAPING, peer: true, trunk, outIfindex: RUNNING + 1 });
    expect(pair()).toBe("DROP_NO_SLICE");
    bench.nic({ slot: SHAPING, peer: true, trunk, outIfindex: RUNNING });
    expect(pair()).toMatch(/^TO_WIRE/);
  });
});
