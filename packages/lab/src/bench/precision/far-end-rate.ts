import { setTimeout as delay } from "node:timers/promises";
import type { NicId } from "@gona/model";
import { portOf } from "../../bed/bed-plan.ts";
import { addressHex } from "../../bed/far-end-records.ts";
import type { LabBed } from "../../bed/lab-bed.ts";

export interface FarEndRate {
  /** L2 bytes on the cable, every segment's headers included. */
  readonly bitsPerSecond: number;
  readonly packets: number;
}

interface Reading {
  readonly bytes: bigint;
  readonly packets: bigint;
  readonly lastNs: bigint;
}

function read(bed: LabBed, nic: NicId, address: string): Reading | undefined {
  const port = portOf(bed.plan, nic).ifindex;
  const hex = addressHex(address);
  return bed.farEnd.flows().find((flow) => flow.port === port && flow.direction === "in" && flow.address === hex);
}

/**
 * The rate at which packets of an address come out of a NIC, from the last packet before the window
 * to the last one in it, by the stamps that the switch port's program took: so it does not depend on
 * when user space reads. Zero where nothing came.
 */
export async function farEndRate(bed: LabBed, nic: NicId, address: string, windowMs: number): Promise<FarEndRate> {
  const before = read(bed, nic, address);
  await delay(windowMs);
  const after = read(bed, nic, address);
  if (before === undefined || after === undefined || after.lastNs <= before.lastNs)
    return { bitsPerSecond: 0, packets: 0 };
  const bits = Number(after.bytes - before.bytes) * 8;
  return {
    bitsPerSecond: bits / (Number(after.lastNs - before.lastNs) / 1e9),
    packets: Number(after.packets - before.packets),
  };
}
