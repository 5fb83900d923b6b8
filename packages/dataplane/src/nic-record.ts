import type { NicEntry } from "@gona/planner";
import { type GonaNic, NicFlag } from "./abi.ts";

/** `netdev`: address of the NIC's net_device, 0 where it is not resolved yet. A NIC in the hub is its own way out. */
export function toNicRecord(entry: NicEntry, ifindex: number, netdev: bigint): GonaNic {
  const flags = NicFlag.IN_USE | (entry.up ? NicFlag.UP : 0) | (entry.lag ? NicFlag.LAG : 0);
  return { netdev, ifindex, outIfindex: ifindex, fabric: entry.fabric, flags, inIfindex: 0 };
}

/** `ifindex`: of the link that has the NIC's name now. Stale where the record means another or none, or is half made. */
export function fromNicRecord(slot: number, record: GonaNic, ifindex: number | undefined): NicEntry {
  const whole = record.ifindex === ifindex && record.outIfindex === ifindex && record.netdev !== 0n;
  return {
    slot,
    fabric: record.fabric,
    lag: (record.flags & NicFlag.LAG) !== 0,
    up: (record.flags & NicFlag.UP) !== 0,
    shapeIn: (record.flags & NicFlag.SHAPE_IN) !== 0,
    ...(whole ? {} : { stale: true }),
  };
}
