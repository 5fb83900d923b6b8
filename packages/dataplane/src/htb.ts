import { type HtbClass, type Qdisc, type TcHandle, tcHandle } from "@gona/kernel";
import { bitsPerSecond, bytes, nanoseconds } from "@gona/model";
import { classMinor, HOST_MINOR, type HtbShape, type Leaf, type QueueTree, ROOT_MINOR } from "@gona/planner";
import { Limit } from "./abi.ts";

/** The kernel counts bursts in ticks of 64 ns (PSCHED_SHIFT 6). */
const TICK_NS = 64;
/** Of classes whose quantum decides nothing: explicit, as the kernel warns of the one it would derive. */
const IDLE_QUANTUM_BYTES = 65_536;
/** Far above every class, so that the segmenter never shapes (DATAPATH.md A). */
const SEGMENTER_BYTES_PER_SECOND = 50e9 / 8;
/** Headers beyond the MTU: Ethernet, two VLAN tags, and slack to the 3100 bytes that were measured at MTU 1500. */
const SEGMENTER_SLACK_BYTES = 50;

/** Our HTB's own handle. */
export const HTB_HANDLE: TcHandle = tcHandle(Limit.HTB_MAJOR, 0);
export const ROOT_CLASS: TcHandle = tcHandle(Limit.HTB_MAJOR, ROOT_MINOR);
export const HOST_CLASS: TcHandle = tcHandle(Limit.HTB_MAJOR, HOST_MINOR);
export const sliceClass = (vifSlot: number): TcHandle => tcHandle(Limit.HTB_MAJOR, classMinor(vifSlot));
/** A leaf's major is its class's minor: below 0x8008, so never that of another. */
export const leafHandle = (classid: TcHandle): TcHandle => tcHandle(classid & 0xffff, 0);

/** Packets of the queue for what finds no class: none while the host's class stands. */
export const HTB_QDISC = {
  kind: "htb",
  defaultMinor: HOST_MINOR,
  directQueueLength: 1000,
} as const satisfies Qdisc;

export const toHtbClass = (shape: Omit<HtbShape, "leaf">): HtbClass => ({
  rateBytesPerSecond: shape.rate / 8,
  ceilBytesPerSecond: shape.ceil / 8,
  bufferTicks: shape.burst / TICK_NS,
  cbufferTicks: shape.ceilBurst / TICK_NS,
  quantumBytes: shape.quantum,
  priority: shape.priority,
});

export const fromHtbClass = (htb: HtbClass, leaf: Leaf): HtbShape => ({
  rate: bitsPerSecond(htb.rateBytesPerSecond * 8),
  ceil: bitsPerSecond(htb.ceilBytesPerSecond * 8),
  burst: nanoseconds(htb.bufferTicks * TICK_NS),
  ceilBurst: nanoseconds(htb.cbufferTicks * TICK_NS),
  quantum: bytes(htb.quantumBytes),
  priority: htb.priority,
  leaf,
});

/** The class that all others of a NIC borrow from. */
export const toRootClass = ({ rate, burst }: Pick<QueueTree, "rate" | "burst">): HtbClass =>
  toHtbClass({ rate, ceil: rate, burst, ceilBurst: burst, quantum: bytes(IDLE_QUANTUM_BYTES), priority: 0 });

/** The token bucket must hold the longest frame, or tbf drops it. */
const segmenterTicks = (mtu: number): number =>
  Math.ceil(((2 * (mtu + SEGMENTER_SLACK_BYTES)) / SEGMENTER_BYTES_PER_SECOND) * (1e9 / TICK_NS));

/** `mtu`: of the NIC. */
export function toLeafQdisc(leaf: Leaf, mtu: number): Qdisc {
  if (leaf.kind === "fifo") return { kind: "bfifo", limitBytes: leaf.limit };
  return {
    kind: "tbf",
    rateBytesPerSecond: SEGMENTER_BYTES_PER_SECOND,
    bufferTicks: segmenterTicks(mtu),
    limitBytes: leaf.limit,
  };
}

/** Undefined for a qdisc that toLeafQdisc does not make for this MTU. */
export function fromLeafQdisc(qdisc: Qdisc, mtu: number): Leaf | undefined {
  if (qdisc.kind === "bfifo") return { kind: "fifo", limit: bytes(qdisc.limitBytes) };
  const segmenter =
    qdisc.kind === "tbf" &&
    qdisc.rateBytesPerSecond === SEGMENTER_BYTES_PER_SECOND &&
    qdisc.bufferTicks === segmenterTicks(mtu);
  return segmenter ? { kind: "segmenter", limit: bytes(qdisc.limitBytes) } : undefined;
}
