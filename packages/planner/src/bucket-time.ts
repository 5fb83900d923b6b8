import { type Nanoseconds, nanoseconds } from "@gona/model";

/** The kernel counts the depth of HTB's buckets in ticks of 64 ns (PSCHED_SHIFT 6). */
const TICK_NS = 64;
/** In 32 bits: 275 s, a frame at 44 bit/s. */
const MOST_TICKS = 0xffff_ffff;

/** A depth that the kernel can hold: `time`, or up to one tick more. */
export const bucketTime = (time: number): Nanoseconds =>
  nanoseconds(Math.min(MOST_TICKS, Math.ceil(time / TICK_NS)) * TICK_NS);
