import { type BitsPerSecond, bytes, type Nanoseconds, nanoseconds, scaleRate, timeToSend } from "@gona/model";
import { bucketTime } from "./bucket-time.ts";
import type { HubState, Pace } from "./hub-state.ts";

/**
 * A limit has two token buckets. The slice's own is deep, so that what a late timer did not send is
 * not lost: that makes the average exact. The pacer above it is shallow and a little faster, so that
 * what was saved up goes out slowly: that makes peaks small. Measured in docs/ARCHITECTURE.md, Queues.
 */

/**
 * A pacer is a class more, and on a link whose driver takes no offloads (veth, virtio, tap) the kernel
 * looks at all classes of the machine for each new one: 1,000 slices on each of 4 NICs with pacers take
 * four times as long to set up as without. So a crowded NIC's slices get none: their averages stay
 * exact, their peaks over 10 ms are higher.
 */
const PACED_SLICES = 256;

/** Whether new slices of a NIC with so many get a pacer. One that stands keeps what it has: HTB moves no class. */
export const isPaced = (slices: number): boolean => slices <= PACED_SLICES;

/** The pacer's rate by the limit. Windows of 10 ms are at most 1.06 x (10 ms + PACE_TIME) long. */
const PACE_FACTOR = 1.06;
/** Depths that the pacer may have, in whole ticks. Coarse: a machine measured anew must not change every class. */
export const PACE_TIMES: readonly Nanoseconds[] = [512_000, 1_000_000, 2_000_000, 5_000_000].map(nanoseconds);
/** Of the few timers that are later still the pacer throws some credit away; it has 6 % to make up for that. */
const LATENESS_FACTOR = 2;
/** A packet that the pacer always lets go: an Ethernet frame of 1500 bytes payload. */
const FRAME = bytes(1514);

/**
 * Depth of the pacers' buckets for a machine whose timers are `lateness` late (95th percentile;
 * undefined: not measured). `observed` stays when it is a neighbour on the grid.
 */
export function paceTime(lateness: Nanoseconds | undefined, observed: Nanoseconds | undefined): Nanoseconds {
  const known = PACE_TIMES.indexOf(observed ?? nanoseconds(0));
  const fitting = PACE_TIMES.findIndex((time) => time >= LATENESS_FACTOR * (lateness ?? 0));
  const wanted = fitting < 0 ? PACE_TIMES.length - 1 : fitting;
  const keep = known >= 0 && (lateness === undefined || Math.abs(known - wanted) <= 1);
  return PACE_TIMES[keep ? known : wanted] as Nanoseconds;
}

/** What the pacers in the kernel were made with; undefined where none tells. */
export function observedPaceTime({ slices }: Pick<HubState, "slices">): Nanoseconds | undefined {
  for (const { pace } of slices.values()) if (pace !== undefined && PACE_TIMES.includes(pace.burst)) return pace.burst;
  return undefined;
}

/** The pacer of a slice with this limit. */
export function paceOf(limit: BitsPerSecond, time: Nanoseconds): Pace {
  const rate = scaleRate(limit, PACE_FACTOR);
  return { rate, burst: bucketTime(Math.max(time, timeToSend(FRAME, rate))) };
}
