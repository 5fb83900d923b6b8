import type { NicEntry } from "@gona/planner";
import { type GonaNic, NicFlag } from "./abi.ts";

/** The links that a NIC's record names. A NIC in the hub is its own way out. */
export interface NicLinks {
  /** Of the NIC; undefined: there is no such link. */
  readonly ifindex: number | undefined;
  /** Of the first end of its ingress spine; 0: there is none. */
  readonly inIfindex: number;
}

/** `netdev`: address of the NIC's net_device, 0 where it is not resolved yet. */
export function toNicRecord(entry: NicEntry, links: NicLinks & { ifindex: number }, netdev: bigint): GonaNic {
  const flags =
    NicFlag.IN_USE |
    (entry.up ? NicFlag.UP : 0) |
    (entry.lag ? NicFlag.LAG : 0) |
    (entry.shapeIn ? NicFlag.SHAPE_IN : 0) |
    (entry.timed ? NicFlag.TIMED : 0) |
    (entry.bundle === "apart" ? NicFlag.APART : 0) |
    (entry.bundle === undefined ? 0 : NicFlag.BARRED);
  const { ifindex, inIfindex } = links;
  return { netdev, ifindex, outIfindex: ifindex, fabric: entry.fabric, flags, inIfindex, trunk: 0n };
}

/** `links`: as they are now. Stale where the record means others or none, or is half made. */
export function fromNicRecord(slot: number, record: GonaNic, { ifindex, inIfindex }: NicLinks): NicEntry {
  const shapeIn = (record.flags & NicFlag.SHAPE_IN) !== 0;
  const whole =
    record.ifindex === ifindex &&
    record.outIfindex === ifindex &&
    record.netdev !== 0n &&
    (!shapeIn || (inIfindex !== 0 && record.inIfindex === inIfindex));
  return {
    slot,
    fabric: record.fabric,
    lag: (record.flags & NicFlag.LAG) !== 0,
    up: (record.flags & NicFlag.UP) !== 0,
    shapeIn,
    ...(record.flags & NicFlag.TIMED ? { timed: true } : {}),
    ...(record.flags & NicFlag.BARRED ? { bundle: record.flags & NicFlag.APART ? "apart" : "joining" } : {}),
    ...(whole ? {} : { stale: true }),
  };
}
