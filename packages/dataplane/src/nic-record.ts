import type { NicEntry, NicTrunk } from "@gona/planner";
import { type GonaNic, NicFlag } from "./abi.ts";

/** The links that a NIC's record names. */
export interface NicLinks {
  /** Of the NIC, where it is; undefined: there is no such link. */
  readonly ifindex: number | undefined;
  /** Of what leads to it in the hub: the NIC itself, or its trunk; 0: the trunk is not there. */
  readonly outIfindex: number | undefined;
  /** Of the first end of its ingress spine, or of its trunk's end beside it; 0: there is none. */
  readonly inIfindex: number;
}

/** Addresses of net_devices, 0 where they are not resolved yet. */
export interface NicDevices {
  readonly netdev: bigint;
  /** Of the trunk's end in the hub; 0 for a NIC that has none. */
  readonly trunk: bigint;
}

/** What leads in and out is the same link pair: frames change the namespace. */
const isVethTrunk = ({ trunk }: NicEntry): boolean => trunk?.peer !== undefined;

export function toNicRecord(entry: NicEntry, links: Required<NicLinks>, devices: NicDevices): GonaNic {
  const flags =
    NicFlag.IN_USE |
    (entry.up ? NicFlag.UP : 0) |
    (entry.lag ? NicFlag.LAG : 0) |
    (entry.shapeIn ? NicFlag.SHAPE_IN : 0) |
    (isVethTrunk(entry) ? NicFlag.PEER : 0) |
    (entry.timed ? NicFlag.TIMED : 0) |
    (entry.bundle === "apart" ? NicFlag.APART : 0) |
    (entry.bundle === undefined ? 0 : NicFlag.BARRED);
  const { ifindex = 0, outIfindex = 0, inIfindex } = links;
  return { ...devices, ifindex, outIfindex, fabric: entry.fabric, flags, inIfindex };
}

/**
 * `links` and `trunk`: as they are now, the trunk that leads to where the NIC is; undefined: none. Stale where the
 * record means others or none, or is half made.
 */
export function fromNicRecord(
  slot: number,
  record: GonaNic,
  { ifindex, outIfindex, inIfindex }: NicLinks,
  trunk: NicTrunk | undefined,
): NicEntry {
  const shapeIn = (record.flags & NicFlag.SHAPE_IN) !== 0;
  const needsIn = shapeIn || trunk?.peer !== undefined;
  const whole =
    record.ifindex === ifindex &&
    record.outIfindex === outIfindex &&
    record.netdev !== 0n &&
    (record.trunk !== 0n) === (trunk !== undefined) &&
    ((record.flags & NicFlag.PEER) !== 0) === (trunk?.peer !== undefined) &&
    (!needsIn || (inIfindex !== 0 && record.inIfindex === inIfindex));
  return {
    slot,
    fabric: record.fabric,
    lag: (record.flags & NicFlag.LAG) !== 0,
    up: (record.flags & NicFlag.UP) !== 0,
    shapeIn,
    ...(trunk && { trunk: { device: trunk.device, ...(trunk.peer !== undefined && { peer: trunk.peer }) } }),
    ...(record.flags & NicFlag.TIMED ? { timed: true } : {}),
    ...(record.flags & NicFlag.BARRED ? { bundle: record.flags & NicFlag.APART ? "apart" : "joining" } : {}),
    ...(whole ? {} : { stale: true }),
  };
}
