import { type Qdisc, type TcHandle, tcHandle } from "@gona/kernel";
import { equalData, type TimedQueue } from "@gona/planner";
import { Limit } from "./abi.ts";

/** Beside HTB's own, so that the kernel puts one in the other's place in one go. */
export const TIMED_HANDLE: TcHandle = tcHandle(Limit.HTB_MAJOR + 1, 0);

/** Room for all that the programs let wait (bpf/lib/depart.h): 50 ms of 20 Gbit/s in full frames. */
const PACKETS = 100_000;

export const TIMED_QDISC = {
  kind: "fq",
  limitPackets: PACKETS,
  flowLimitPackets: PACKETS,
} as const satisfies Qdisc;

/** Stale where someone set it otherwise. */
export const fromTimedQdisc = (qdisc: Qdisc): TimedQueue =>
  equalData(qdisc, TIMED_QDISC) ? { timed: true } : { timed: true, stale: true };
