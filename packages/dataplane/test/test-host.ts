import { expect } from "vitest";
import { ethernet, ipv4, type Layer, udp } from "./packets.ts";
import { type BenchResult, ProgramBench, type VerdictName } from "./program-bench.ts";

/**
 * The host that most program tests run against: two NICs on one fabric and a guest for each kind
 * of vif. Its peers are at 10.0.0.9 and fd00::9.
 */

/** Slots: a guest with its own MAC, two on two NICs with a MAC for each, and so on. */
export const PLAIN = 0;
export const PAIR = 1;
export const ACCESS = 2;
export const TRUNK = 3;
export const CHECKED = 4;
export const OPEN = 5;
export const STOPPED = 6;
export const EMPTY = 7;
export const UNKNOWN = 99;

export const WEB = "52:54:00:00:00:01";
export const DB = "52:54:00:00:00:02";
export const DB_0 = "02:00:00:00:02:00";
export const DB_1 = "02:00:00:00:02:01";
export const VLAN_20 = "52:54:00:00:00:03";
export const TRUNKED = "52:54:00:00:00:04";
export const CHECKED_MAC = "52:54:00:00:00:05";
export const OPEN_MAC = "52:54:00:00:00:06";
export const STOPPED_MAC = "52:54:00:00:00:07";
export const EMPTY_MAC = "52:54:00:00:00:08";
export const PEER = "52:54:00:ff:ff:01";
export const OTHER = "52:54:00:ff:ff:02";
export const LINK_LOCAL = "fe80::5054:ff:fe00:5";

export const REDIRECT = 7;
export const SHOT = 2;
export const UNSPEC = -1;

export const ip = { from: "10.0.0.1", to: "10.0.0.9" };
export const ip6 = { from: "fd00::1", to: "fd00::9" };

export function hostBench(): ProgramBench {
  const bench = new ProgramBench();
  bench.nic({ slot: 0 });
  bench.nic({ slot: 1 });
  bench.vif({ slot: PLAIN, mac: WEB, slices: [{ nic: 0, mac: WEB, classid: 0xa09a0008 }], addresses: ["10.0.0.1"] });
  bench.vif({
    slot: PAIR,
    mac: DB,
    flags: ["CHECK_MAC", "REWRITE_MAC"],
    slices: [
      { nic: 0, mac: DB_0, classid: 0xa09a0010 },
      { nic: 1, mac: DB_1, classid: 0xa09a0010 },
    ],
    addresses: ["10.0.0.2", "fd00::2"],
  });
  bench.vif({ slot: ACCESS, mac: VLAN_20, vlan: 20, slices: [{ nic: 0, mac: VLAN_20, classid: 0xa09a0018 }] });
  bench.vif({ slot: TRUNK, mac: TRUNKED, trunk: [30, 31], slices: [{ nic: 0, mac: TRUNKED, classid: 0xa09a0020 }] });
  bench.vif({
    slot: CHECKED,
    mac: CHECKED_MAC,
    flags: ["CHECK_MAC", "CHECK_IP"],
    slices: [{ nic: 0, mac: CHECKED_MAC, classid: 0xa09a0028 }],
    addresses: ["10.0.0.5", "fd00::5"],
  });
  bench.vif({ slot: OPEN, mac: OPEN_MAC, flags: [], slices: [{ nic: 0, mac: OPEN_MAC, classid: 0xa09a0030 }] });
  bench.vif({
    slot: STOPPED,
    mac: STOPPED_MAC,
    flags: ["CHECK_MAC", "STOPPED"],
    slices: [{ nic: 0, mac: STOPPED_MAC, classid: 0xa09a0038 }],
  });
  bench.vif({ slot: EMPTY, mac: EMPTY_MAC });
  bench.segment(1, 0, [PLAIN, PAIR, TRUNK, CHECKED, OPEN, STOPPED, EMPTY]);
  bench.segment(1, 20, [ACCESS]);
  return bench;
}

/** A frame to the peer. */
export const toPeer = (source: string, inside: Layer = ipv4(ip, udp(1000, 2000))): Uint8Array =>
  ethernet({ to: PEER, from: source }, inside);

/** A row of a table: a packet in, what becomes of it. */
export interface Row {
  readonly name: string;
  readonly slot: number;
  readonly frame: Uint8Array;
  readonly verdict: VerdictName;
  /** Of the packet that leaves. */
  readonly priority?: number;
}

export function check(row: Row, result: BenchResult): void {
  expect(result.verdict).toBe(row.verdict);
  expect(result.returned).toBe(actionOf(row.verdict));
  if (row.priority !== undefined) expect(result.priority).toBe(row.priority);
}

function actionOf(verdict: VerdictName): number {
  if (verdict.startsWith("DROP") || verdict === "FLOOD_LOCAL") return SHOT;
  return verdict.startsWith("PASS") || verdict === "FLOOD_FROM_WIRE" ? UNSPEC : REDIRECT;
}
