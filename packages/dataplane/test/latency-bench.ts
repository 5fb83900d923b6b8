import { Limit } from "../src/abi.ts";
import { ethernet, ipv4, ipv6, type Layer, udp } from "./packets.ts";
import { type BenchResult, type BenchVif, NOWHERE, ProgramBench } from "./program-bench.ts";
import { PEER } from "./test-host.ts";

/*
 * A guest with a latency goal of 10 s at 8 Mbit/s: no test run takes so long that an interval ends
 * under it, and a queue that is given ends at the same place for all packets of a test.
 */
export const GOAL_NS = 10_000_000_000n;
export const GOAL_US = Number(GOAL_NS / 1000n);
export const RATE = 1_000_000;
export const SLOT = 2;
export const MAC = "52:54:00:00:04:02";
export const CLASS = (Limit.HTB_MAJOR * 0x10000 + 8 * (SLOT + 1)) >>> 0;
export const SPARSE = CLASS + Limit.PART_SPARSE;
export const REST = CLASS + Limit.PART_REST;
export const AF41 = 34;
export const AF42 = 36;
/** Of the frames with DSCP AF41: a class with a goal of its own; with AF42: one without. */
export const WITH_GOAL = 1;
export const WITHOUT = 2;
/** Two of them are within a sparse flow's allowance of 3028 bytes, a third is not. */
export const FRAME_LENGTH = 1514;
/** A fair part of an interval that three frames exceed, and six do not exceed twice. */
export const SHORT = 4000;
export const PLENTY = 10_000_000;

export const now = (): bigint => process.hrtime.bigint();
export type Way = "tx" | "rx";
export const ways = ["tx", "rx"] as const;
export const ip4 = (tos: number, inside: Layer): Layer => ipv4({ from: "10.0.0.1", to: "10.0.0.9", tos }, inside);
export const ip6 = (tos: number, inside: Layer): Layer => ipv6({ from: "fd00::1", to: "fd00::9", tos }, inside);

export interface Sent {
  readonly length?: number;
  readonly ip?: typeof ip4;
  /** Source port; the test's own flow where absent. */
  readonly id?: number;
  readonly segments?: number;
}

/** That guest, and its virtual queues. */
export class LatencyBench extends ProgramBench {
  /** A flow that no test had before. */
  flow = 0;

  /** Before each test: as new, with another flow. */
  begin(): void {
    this.flow++;
    this.nic({ slot: 0, inIfindex: NOWHERE });
    this.guest();
    this.rules(
      SLOT,
      [
        { part: WITH_GOAL, dscp: [AF41] },
        { part: WITHOUT, dscp: [AF42] },
      ],
      [{ part: WITH_GOAL, goalUs: GOAL_US }, { part: WITHOUT }],
    );
    this.queue(0);
  }

  guest(more: Partial<BenchVif> = {}): void {
    const slices = [{ nic: 0, mac: MAC, classid: CLASS, txBytesPerS: RATE, rxBytesPerS: RATE }];
    this.vif({ slot: SLOT, mac: MAC, flags: ["CHECK_MAC", "PARTS"], goalUs: GOAL_US, slices, ...more });
  }

  /** Makes the virtual queue so many goals long, both ways and for all parts, with an interval just begun. */
  queue(goals: number, fair = goals === 0 ? PLENTY : SHORT): void {
    const end = now() + BigInt(Math.round(goals * 1000)) * (GOAL_NS / 1000n);
    for (const direction of ["TX", "RX"] as const) {
      const clock = { finishNs: Array.from({ length: 8 }, () => (goals === 0 ? 0n : end)), intervalNs: now() };
      this.setClock(SLOT, 0, direction, { ...clock, flows: 0, fair });
    }
  }

  /** One frame of the test's flow, or of another. */
  send(way: Way, tos = 0, { length = FRAME_LENGTH, ip = ip4, id = this.flow, segments = 1 }: Sent = {}): BenchResult {
    const head = ip === ip4 ? 42 : 62;
    const inside = ip(tos, udp(id, 9, new Uint8Array(length - head)));
    const context = segments > 1 ? { gsoSegments: segments, gsoSize: Math.ceil((length - head) / segments) } : {};
    return way === "tx"
      ? this.fromGuest(SLOT, ethernet({ to: PEER, from: MAC }, inside), context)
      : this.fromWire(0, ethernet({ to: MAC, from: PEER }, inside), context);
  }

  /** Makes the test's flow a bulk one, with no queue to wait in. */
  bulk(way: Way, tos = 0, options: Sent = {}): void {
    this.queue(0);
    for (let i = 0; i < 3; i++) this.send(way, tos, options);
  }

  /** As if no flow had been told lately, or sent more than bulk() in this interval. */
  forget(sets: readonly number[]): void {
    this.setFlows((each) => ({ ...each, strikes: 0, bytes: 3 * FRAME_LENGTH }), sets);
  }

  /** Segments marked, and dropped, during `work`. */
  told(way: Way, work: () => void): readonly [marked: number, dropped: number] {
    const counted = () => {
      const counters = this.counters(SLOT, 0);
      return way === "tx" ? [counters.txCeMarks, counters.txAqmDrops] : [counters.rxCeMarks, counters.rxAqmDrops];
    };
    const before = counted();
    work();
    const [marked = 0, dropped = 0] = counted().map((value, index) => Number(value - (before[index] ?? 0n)));
    return [marked, dropped];
  }
}
