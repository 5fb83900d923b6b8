/** Counters of one queue class; bytes as the wire has them. Any of them may begin anew with the class. */
export interface QueueCount {
  /** When they were read, on the caller's monotonic clock, in milliseconds. */
  readonly atMs: number;
  readonly bytes: number;
  readonly packets: number;
  /** Packets that the queue refused; one for a whole GSO packet. */
  readonly drops: number;
  readonly backlogBytes: number;
}

/** What passed between two looks at a queue. */
export interface Measured {
  readonly seconds: number;
  readonly offeredBitsPerSecond: number;
  readonly deliveredBitsPerSecond: number;
  /** Something waited at both ends. */
  readonly waiting: boolean;
  readonly drops: number;
}

/** Where a slice has sent nothing in between: an Ethernet frame of 1500 bytes payload. */
const FRAME_BYTES = 1514;
/** Shorter than this, the time that a look takes is no longer small. */
const SHORTEST_SECONDS = 0.05;

export interface MeasureOptions {
  /** What a program saw on its way into the queue. */
  readonly countedBytes?: number;
  /** What a frame costs beyond its L2 bytes. */
  readonly overheadBytes?: number;
  /** Packets that active queue management dropped before the queue. */
  readonly managedDrops?: number;
}

/**
 * What was offered and delivered between two looks. Offered: what was delivered, dropped, and added
 * to the queue; where something was dropped or waits, at least `countedBytes`, what a program saw on
 * its way into the queue: it alone knows the sizes of what is dropped, but was read a moment later.
 * Undefined where the counters began anew in between.
 */
export function measure(
  before: QueueCount,
  after: QueueCount,
  { countedBytes = 0, overheadBytes = 0, managedDrops = 0 }: MeasureOptions = {},
): Measured | undefined {
  const seconds = (after.atMs - before.atMs) / 1000;
  const bytes = after.bytes - before.bytes;
  const packets = after.packets - before.packets;
  const queueDrops = after.drops - before.drops;
  if (seconds < SHORTEST_SECONDS || bytes < 0 || packets < 0 || queueDrops < 0) return undefined;
  const drops = queueDrops + managedDrops;
  const waiting = before.backlogBytes > 0 && after.backlogBytes > 0;
  const counted = drops > 0 || waiting ? countedBytes : 0;
  const frameBytes = packets > 0 ? bytes / packets : FRAME_BYTES;
  const inferred = bytes + drops * frameBytes + after.backlogBytes - before.backlogBytes;
  // Limits count what a frame costs on the wire, the counters its L2 bytes.
  const bits = 8 * (1 + overheadBytes / frameBytes);
  return {
    seconds,
    offeredBitsPerSecond: (Math.max(0, inferred, counted) * bits) / seconds,
    deliveredBitsPerSecond: (bytes * bits) / seconds,
    waiting,
    drops,
  };
}
