import { type Qdisc, type TcHandle, tcHandle } from "@gona/kernel";
import { bytes, type Nanoseconds, nanoseconds } from "@gona/model";
import type { CodelTimes, Leaf } from "@gona/planner";
import { TICK_NS } from "./htb.ts";

/**
 * So far above every class that the segmenter never holds back; HTB logs a leaf that does. At 50 Gbit/s,
 * which a row of segments comes up to, it did. A bucket of one tick holds 3,200 bytes.
 */
const SEGMENTER_BYTES_PER_SECOND = 400e9 / 8;
/** Headers beyond the MTU: Ethernet, two VLAN tags, and slack to the 3100 bytes that were measured at MTU 1500. */
const SEGMENTER_SLACK_BYTES = 50;
/** A tbf that lets everything pass: 1 ms of 1 Tbit/s is more than any packet or queue. */
const FIFO_BYTES_PER_SECOND = 1e12 / 8;
const FIFO_TICKS = 1e6 / TICK_NS;
/** The kernel holds CoDel's times in steps of 1,024 ns and speaks of microseconds. */
const CODEL_TICK_NS = 1024;
/** Each takes 68 bytes of memory; with 32 busy flows one in eight shares its queue with another. */
const CODEL_FLOWS = 256;
/** No limit of its own: that of memory binds. */
const CODEL_PACKETS = 65_536;
/** A 1514-byte frame counts as 2304 bytes of memory. */
const MEMORY_PER_BYTE = 2;
/** An Ethernet frame a turn; of uncut GSO packets one is up to 43, so that a turn comes after fewer rounds. */
const CODEL_QUANTUM = { segmenter: 1514, fifo: 8 * 1514 };

/** The place below a leaf's tbf. */
export const innerPlace = (classid: TcHandle): TcHandle => tcHandle(classid & 0xffff, 1);

/** The token bucket must hold the longest frame, or tbf drops it. */
const segmenterTicks = (mtu: number): number =>
  Math.ceil(((2 * (mtu + SEGMENTER_SLACK_BYTES)) / SEGMENTER_BYTES_PER_SECOND) * (1e9 / TICK_NS));

const tbfOf = ({ kind }: Leaf, mtu: number) =>
  kind === "fifo"
    ? { rateBytesPerSecond: FIFO_BYTES_PER_SECOND, bufferTicks: FIFO_TICKS }
    : { rateBytesPerSecond: SEGMENTER_BYTES_PER_SECOND, bufferTicks: segmenterTicks(mtu) };

/** `mtu`: of the NIC. One kind of qdisc for both kinds of leaf: the kernel changes it with what is queued in it. */
export const toLeafQdisc = (leaf: Leaf, mtu: number): Qdisc => ({
  kind: "tbf",
  ...tbfOf(leaf, mtu),
  limitBytes: leaf.limit,
});

/** What holds the packets inside: the kernel's own fifo of that limit, or fq_codel. `isNew`: none is there yet. */
export const toInnerQdisc = ({ kind, limit, codel }: Leaf, isNew: boolean): Qdisc =>
  codel === undefined
    ? { kind: "bfifo", limitBytes: limit }
    : {
        kind: "fq_codel",
        limitPackets: CODEL_PACKETS,
        // No property that can be changed.
        ...(isNew && { flows: CODEL_FLOWS }),
        targetUs: toCodelUs(codel.target),
        intervalUs: toCodelUs(codel.interval),
        quantumBytes: CODEL_QUANTUM[kind],
        memoryLimitBytes: MEMORY_PER_BYTE * limit,
        ecn: true,
      };

/**
 * `inner`: what stands in innerPlace(); undefined: the fifo that a tbf begins with. Undefined for qdiscs that
 * toLeafQdisc and toInnerQdisc do not make for this MTU.
 */
export function fromLeafQdisc(qdisc: Qdisc, mtu: number, inner?: Qdisc): Leaf | undefined {
  if (qdisc.kind !== "tbf") return undefined;
  for (const kind of ["fifo", "segmenter"] as const) {
    const leaf: Leaf = { kind, limit: bytes(qdisc.limitBytes) };
    const made = tbfOf(leaf, mtu);
    if (made.rateBytesPerSecond !== qdisc.rateBytesPerSecond || made.bufferTicks !== qdisc.bufferTicks) continue;
    return inner === undefined ? leaf : withInner(leaf, inner);
  }
  return undefined;
}

function withInner(leaf: Leaf, inner: Qdisc): Leaf | undefined {
  if (inner.kind !== "fq_codel") return isAlike(inner, toInnerQdisc(leaf, true)) ? leaf : undefined;
  const codel: CodelTimes = { target: fromCodelUs(inner.targetUs), interval: fromCodelUs(inner.intervalUs) };
  const fair = { ...leaf, codel };
  const { targetUs, intervalUs } = inner;
  return isAlike(inner, { ...toInnerQdisc(fair, true), targetUs, intervalUs } as Qdisc) ? fair : undefined;
}

const isAlike = (seen: object, made: object): boolean =>
  Object.entries(made).every(([name, value]) => (seen as Record<string, unknown>)[name] === value);

/** Rounded up, as the kernel rounds down what it is told, and what it tells. */
const toCodelUs = (time: Nanoseconds): number => Math.ceil(time / 1000);
const fromCodelUs = (us: number): Nanoseconds => nanoseconds(Math.ceil((us * 1000) / CODEL_TICK_NS) * CODEL_TICK_NS);
