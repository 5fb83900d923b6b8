import {
  type BitsPerSecond,
  type Bytes,
  bitsPerSecond,
  bytes,
  bytesIn,
  megabitsPerSecond,
  minRate,
  type Nanoseconds,
  nanoseconds,
  type Shares,
  type SliceShare,
  scaleRate,
  subtractRates,
  timeToSend,
} from "@gona/model";
import type { HtbShape, Leaf, QueueTree } from "./hub-state.ts";

/** The kernel counts HTB bursts in ticks of 64 ns (PSCHED_SHIFT 6). */
const TICK_NS = 64;
/** 5 ms at the rate: within 0.2 % from 100 Mbit/s to 8 Gbit/s; tc's default is 4 to 28 % short (DATAPATH.md A). */
const BURST = nanoseconds(5_000_000);
/** An Ethernet frame of 1500 bytes payload: a bucket below it would never let one out. */
const FRAME = bytes(1514);
/** HTB takes no rate of 0; what is not reserved is assured this much, and admission counts it. */
export const RATE_FLOOR = bitsPerSecond(8_000);
/** Below it a 64 KB GSO packet is so long that it must be cut; above, cutting costs too much CPU (DATAPATH.md A). */
const SEGMENT_BELOW = megabitsPerSecond(200);
/** A leaf keeps its kind within this factor of SEGMENT_BELOW: replacing it loses what is queued. */
const LEAF_HYSTERESIS = 2;
/** Longest wait in a full leaf: 4 cubic flows lose nothing at 25 ms (DATAPATH.md H). */
const LEAF_TIME = nanoseconds(25_000_000);
/** Two GSO packets of 64 KB and a little. */
const LEAF_FLOOR = bytes(150_000);
/** One GSO packet: htb_dequeue_tree sends a packet a visit even in debt, so a smaller quantum has no weight. */
const QUANTUM = bytes(65_536);
/** A longer round starves single flows of their queue (DATAPATH.md B). */
const QUANTUM_MAX = bytes(1_048_576);

/** Depth of a token bucket as time at `rate`: 5 ms or one frame, whichever is longer, in whole ticks. */
export function burstTime(rate: BitsPerSecond): Nanoseconds {
  const time = Math.max(BURST, timeToSend(FRAME, rate));
  return nanoseconds(Math.ceil(time / TICK_NS) * TICK_NS);
}

/** The queue at the end of a class with this limit; `before` is the kind it has now. */
export function leafFor(limit: BitsPerSecond, before?: Leaf["kind"]): Leaf {
  const size = bytes(Math.max(bytesIn(limit, LEAF_TIME), LEAF_FLOOR));
  const threshold =
    before === undefined
      ? SEGMENT_BELOW
      : scaleRate(SEGMENT_BELOW, before === "segmenter" ? LEAF_HYSTERESIS : 1 / LEAF_HYSTERESIS);
  return { kind: limit < threshold ? "segmenter" : "fifo", limit: size };
}

/** What shares mean on one NIC: the rate that one share adds, and the shares that stand for one quantum. */
export interface ShareScale {
  readonly ratePerShare: BitsPerSecond;
  readonly sharesPerQuantum: number;
}

/** What is assured to a slice: its reservation and its part of the spare, never above its limit. */
export function assuredRate(share: SliceShare, ratePerShare: BitsPerSecond): BitsPerSecond {
  // One hot line of the share scale's search, 1,000 times per try: rates are multiples of 8 already.
  const wanted = Math.max(RATE_FLOOR, share.reserve + ratePerShare * share.shares);
  return Math.min(wanted, limitOf(share)) as BitsPerSecond;
}

const limitOf = (share: SliceShare): BitsPerSecond => Math.max(share.limit, 8) as BitsPerSecond;

function quantumFor(shares: Shares, sharesPerQuantum: number): Bytes {
  const wanted = Math.round((QUANTUM * shares) / sharesPerQuantum);
  return bytes(Math.min(QUANTUM_MAX, Math.max(QUANTUM, wanted)));
}

/** The HTB class of a slice. */
export function sliceShape(share: SliceShare, scale: ShareScale, leafBefore?: Leaf["kind"]): HtbShape {
  const rate = assuredRate(share, scale.ratePerShare);
  const ceil = limitOf(share);
  return {
    rate,
    ceil,
    burst: burstTime(rate),
    ceilBurst: burstTime(ceil),
    quantum: quantumFor(share.shares, scale.sharesPerQuantum),
    priority: 0,
    leaf: leafFor(ceil, leafBefore),
  };
}

/**
 * What the host's own traffic is assured on a NIC: 1 % of the capacity, at least 1 Mbit/s, at most
 * half of a NIC slower than that.
 */
export function hostReserve(capacity: BitsPerSecond): BitsPerSecond {
  const wanted = bitsPerSecond(Math.max(scaleRate(capacity, 0.01), megabitsPerSecond(1)));
  return minRate(wanted, scaleRate(capacity, 0.5));
}

/** What the reservations of guests may add up to on a NIC, each way. */
export const reservable = (capacity: BitsPerSecond): BitsPerSecond => subtractRates(capacity, hostReserve(capacity));

/** HTB root of a NIC and the class of what is the host's own. */
export function queueTree(capacity: BitsPerSecond, leafBefore?: Leaf["kind"]): QueueTree {
  const rate = hostReserve(capacity);
  return {
    rate: capacity,
    burst: burstTime(capacity),
    host: {
      rate,
      ceil: capacity,
      burst: burstTime(rate),
      ceilBurst: burstTime(capacity),
      quantum: QUANTUM,
      priority: 0,
      leaf: leafFor(capacity, leafBefore),
    },
  };
}
