import {
  type BitsPerSecond,
  type Bytes,
  bitsPerSecond,
  bytes,
  bytesIn,
  defaultHostReserve,
  megabitsPerSecond,
  type Nanoseconds,
  nanoseconds,
  type Shares,
  type SliceShare,
  subtractRates,
  timeToSend,
} from "@gona/model";
import { bucketTime } from "./bucket-time.ts";
import type { ClassShape, CodelTimes, HtbShape, Leaf, Pace, QueueTree } from "./hub-state.ts";
import { paceOf } from "./pace.ts";

/** Depth of buckets that no pacer stands above: within 0.2 % from 100 Mbit/s to 8 Gbit/s (DATAPATH.md A). */
const BURST = nanoseconds(5_000_000);
/** What a paced limit may save up while timers are late: 1.6 % of a second, 2.8 % with a frame at 1 Mbit/s. */
const PACED_BURST = nanoseconds(16_000_000);
/** An Ethernet frame of 1500 bytes payload: a bucket below it would never let one out. */
export const FRAME = bytes(1514);
/** HTB takes no rate of 0; what is not reserved is assured this much, and admission counts it. */
export const RATE_FLOOR = bitsPerSecond(8_000);
/**
 * One GSO packet of 64 KB is 12 % of 10 ms at it: below, they must be cut for the sake of peaks; above,
 * cutting costs too much CPU.
 */
const SEGMENT_BELOW = megabitsPerSecond(450);
/** Longest wait in a full leaf: 4 cubic flows lose nothing at 25 ms (DATAPATH.md H). */
const LEAF_TIME = nanoseconds(25_000_000);
/**
 * Room for a part with a latency goal, in goals: the virtual queue in front of it marks and drops from
 * one goal on, and what is ECN-capable only from four (bpf/lib/latency.h). A shorter leaf would drop first.
 */
const QUEUE_GOALS = 4;
/** Room where fq_codel holds the packets, as time at the limit, and at most (its own default is 32 MB of memory). */
const FAIR_ROOM = nanoseconds(100_000_000);
const FAIR_ROOM_MAX = bytes(16_000_000);
const CODEL_TICK = 1_024;
const CODEL_FRAMES = 1.5;
/** A round trip that is common at the longest; and a target is to be well below it (RFC 8289, 4.3). */
const CODEL_INTERVAL = nanoseconds(100_000_000);
const CODEL_TARGETS = 4;
/** Two GSO packets of 64 KB and a little. */
const LEAF_FLOOR = bytes(150_000);
/** One GSO packet: htb_dequeue_tree sends a packet a visit even in debt, so a smaller quantum has no weight. */
const QUANTUM = bytes(65_536);
/** A longer round starves single flows of their queue (DATAPATH.md B). */
const QUANTUM_MAX = bytes(1_048_576);

/** Depth of a token bucket as time at `rate`: `depth` or one frame, whichever is longer, in whole ticks. */
export const burstTime = (rate: BitsPerSecond, depth = BURST): Nanoseconds =>
  bucketTime(Math.max(depth, timeToSend(FRAME, rate)));

/** The queue at the end of a class with this limit; `goal`: what its packets may wait. */
export const leafFor = (limit: BitsPerSecond, goal = LEAF_TIME): Leaf => ({
  kind: limit < SEGMENT_BELOW ? "segmenter" : "fifo",
  limit: bytes(Math.max(bytesIn(limit, goal), LEAF_FLOOR)),
});

/**
 * The same where fq_codel holds the packets, which never wait longer than `goal` for good. So it may be long: only a
 * sender that heeds nothing fills it, and then its own flow alone waits.
 */
export const fairLeaf = (limit: BitsPerSecond, goal: Nanoseconds): Leaf => ({
  kind: leafFor(limit).kind,
  limit: bytes(Math.min(FAIR_ROOM_MAX, Math.max(bytesIn(limit, FAIR_ROOM), LEAF_FLOOR))),
  codel: codelFor(limit, goal),
});

/** CoDel cannot keep a queue below a frame and a half: while one goes out, another may be half there (RFC 8289, 4.4). */
function codelFor(limit: BitsPerSecond, goal: Nanoseconds): CodelTimes {
  const target = Math.max(goal, CODEL_FRAMES * timeToSend(FRAME, limit));
  return { target: codelTime(target), interval: codelTime(Math.max(CODEL_INTERVAL, CODEL_TARGETS * target)) };
}

const codelTime = (time: number): Nanoseconds => nanoseconds(Math.ceil(time / CODEL_TICK) * CODEL_TICK);

/** What shares mean on one NIC: the rate that one share adds, and the shares that stand for one quantum. */
export interface ShareScale {
  readonly ratePerShare: BitsPerSecond;
  readonly sharesPerQuantum: number;
  /** What all may have together: a limit at or above it needs no pacer, which would end turns of HTB's round. */
  readonly room?: BitsPerSecond;
}

/** What is assured to a slice: its reservation and its part of the spare, never above its limit. */
export function assuredRate(share: SliceShare, ratePerShare: BitsPerSecond): BitsPerSecond {
  // One hot line of the share scale's search, 1,000 times per try: rates are multiples of 8 already.
  const wanted = Math.max(RATE_FLOOR, share.reserve + ratePerShare * share.shares);
  return Math.min(wanted, limitOf(share)) as BitsPerSecond;
}

const limitOf = (share: SliceShare): BitsPerSecond => Math.max(share.limit, 8) as BitsPerSecond;

/** The nearest quantum to `wanted` bytes that means anything. */
export const quantumNear = (wanted: number): Bytes =>
  bytes(Math.min(QUANTUM_MAX, Math.max(QUANTUM, Math.round(wanted))));

const quantumFor = (shares: Shares, sharesPerQuantum: number): Bytes =>
  quantumNear((QUANTUM * shares) / sharesPerQuantum);

/** The HTB class of a slice; `pacing`: paceTime() of the machine. */
export function sliceShape(
  share: SliceShare,
  scale: ShareScale,
  pacing: Nanoseconds,
): HtbShape & { readonly pace: Pace } {
  const rate = assuredRate(share, scale.ratePerShare);
  const ceil = limitOf(share);
  return {
    rate,
    ceil,
    burst: burstTime(rate),
    ceilBurst: burstTime(ceil, PACED_BURST),
    quantum: quantumFor(share.shares, scale.sharesPerQuantum),
    priority: 0,
    leaf: leafFor(ceil),
    pace: paceOf(ceil, ceil >= (scale.room ?? Number.POSITIVE_INFINITY) ? PACED_BURST : pacing),
  };
}

/** The same without a pacer: the limit's bucket is less deep, for nothing slows down what it saved up. */
export function unpacedShape({ pace: _none, ...shape }: ReturnType<typeof sliceShape>): HtbShape {
  return { ...shape, ceilBurst: burstTime(shape.ceil) };
}

/** What the host's own traffic is assured on a NIC whose spec is silent. */
export const hostReserve = defaultHostReserve;

/** What the reservations of guests may add up to on a NIC, each way. */
export const reservable = (capacity: BitsPerSecond): BitsPerSecond => subtractRates(capacity, hostReserve(capacity));

/** HTB root of a NIC and the class of what is the host's own. */
export const queueTree = (capacity: BitsPerSecond): QueueTree => ({
  rate: capacity,
  burst: burstTime(capacity),
  host: plainShape(hostReserve(capacity), capacity),
});

/** The class of the host's own traffic where the spec says what it is to have. */
export const hostShape = (host: SliceShare, scale: ShareScale): HtbShape => ({
  ...plainShape(assuredRate(host, scale.ratePerShare), limitOf(host)),
  quantum: quantumFor(host.shares, scale.sharesPerQuantum),
});

/** A class that nothing paces; `quantum`: one GSO packet. */
export const plainShape = (rate: BitsPerSecond, ceil: BitsPerSecond, leaf = leafFor(ceil)): HtbShape => ({
  rate,
  ceil,
  burst: burstTime(rate),
  ceilBurst: burstTime(ceil),
  quantum: QUANTUM,
  priority: 0,
  leaf,
});

/** The leaf of what has a latency goal: fq_codel's, or a short one behind the BPF program's virtual queue. */
export const goalLeaf = (limit: BitsPerSecond, goal: Nanoseconds | undefined, fqCodel: boolean): Leaf => {
  if (goal === undefined) return leafFor(limit);
  return fqCodel ? fairLeaf(limit, goal) : leafFor(limit, nanoseconds(QUEUE_GOALS * goal));
};

/** What a part has of its slice. */
export type PartOf = Pick<ClassShape, "ceil"> & { readonly pace: Pace };

/**
 * Assured rate and limit of a part, the limit at most its slice's. What is assured goes out past the
 * pacer, so its bucket is as shallow; that of a limit of the part's own is deep, to be exact.
 */
export const partShape = (
  { rate, ceil, quantum }: Pick<ClassShape, "rate" | "ceil" | "quantum">,
  slice: PartOf,
  leaf: Leaf,
): HtbShape => ({
  ...plainShape(rate, ceil, leaf),
  burst: burstTime(rate, slice.pace.burst),
  ...(ceil === slice.ceil ? { ceilBurst: slice.pace.burst } : {}),
  quantum,
});

/** A tree whose default class is all there is, limited to `cap`: exact in the root's deep bucket, paced by the class's. */
export function cappedTree(cap: BitsPerSecond, pacing: Nanoseconds, leaf: Leaf): QueueTree {
  const pace = paceOf(cap, pacing);
  const host = { ...plainShape(RATE_FLOOR, pace.rate, leaf), ceilBurst: pace.burst };
  return { rate: cap, burst: burstTime(cap, PACED_BURST), host };
}
