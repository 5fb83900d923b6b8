import { setTimeout as delay } from "node:timers/promises";
import type { FlowCount } from "../../bed/far-end-records.ts";
import type { FlowName } from "../../bed/far-end-windows.ts";
import type { QosBed } from "./qos-bed.ts";

/**
 * L2 bit/s of each flow, from its last packet before the window to the last one in it, by the far end's
 * stamps: so it does not depend on when this process reads. Of the two, the first one counts: a shaper
 * waits after a packet for as long as its bytes take. 0 where nothing came.
 */
export async function measureRates(bed: QosBed, flows: readonly FlowName[], windowMs: number): Promise<number[]> {
  const before = bed.read(flows);
  await delay(windowMs);
  const after = bed.read(flows);
  return flows.map((_, index) => rateBetween(before[index], after[index]));
}

export function rateBetween(before: FlowCount | undefined, after: FlowCount | undefined): number {
  if (before === undefined || after === undefined || after.lastNs <= before.lastNs) return 0;
  const bytes = after.bytes - after.lastBytes - (before.bytes - before.lastBytes);
  return (Number(bytes) * 8e9) / Number(after.lastNs - before.lastNs);
}

const STILL_MS = 60;

/** Waits until nothing more of these flows arrives: queues have run dry. At most `withinMs`. */
export async function runDry(bed: QosBed, flows: readonly FlowName[], withinMs = 4000): Promise<void> {
  const deadline = performance.now() + withinMs;
  const total = (): bigint => bed.read(flows).reduce((sum, flow) => sum + (flow?.bytes ?? 0n), 0n);
  for (let last = -1n, now = total(); last !== now && performance.now() < deadline; now = total()) {
    last = now;
    await delay(STILL_MS);
  }
}
