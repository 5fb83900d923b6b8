import { type LinkState, tcHandle } from "@gona/kernel";
import type { NicId } from "@gona/model";
import { classMinor, type SliceEntry, type VifEntry } from "@gona/planner";
import { type GonaAggregate, type GonaSlice, type GonaVif, Limit, VifFlag } from "./abi.ts";
import { macBytes, macText } from "./mac-bytes.ts";

const NO_SLICE: GonaSlice = { nic: 0, classid: 0, mac: new Uint8Array(6), inUse: 0 };

/** Frames may be handed straight to the guest's end: a veth whose other end is in another namespace. */
const isPeer = (link: LinkState): boolean => link.kind === "veth" && link.peerElsewhere;

function flagsOf(entry: VifEntry, link: LinkState): number {
  return (
    VifFlag.IN_USE |
    (entry.checkMac ? VifFlag.CHECK_MAC : 0) |
    (entry.checkIp ? VifFlag.CHECK_IP : 0) |
    (entry.rewriteMac ? VifFlag.REWRITE_MAC : 0) |
    (isPeer(link) ? VifFlag.PEER : 0) |
    (entry.trunk ? VifFlag.TRUNK : 0) |
    (entry.stopped ? VifFlag.STOPPED : 0)
  );
}

/** `aggregate`: index into gona_aggregates. `link`: the vif's, as it is now. */
export function toVifRecord(entry: VifEntry, link: LinkState, aggregate: number): GonaVif {
  const { fabric, vlan } = entry;
  return { ifindex: link.ifindex, aggregate, fabric, flags: flagsOf(entry, link), vlan, mac: macBytes(entry.mac) };
}

export function toAggregateRecord(entry: VifEntry): GonaAggregate {
  const classid = tcHandle(Limit.HTB_MAJOR, classMinor(entry.slot));
  const slices = entry.slices.map((slice) =>
    slice === null ? NO_SLICE : { nic: slice.nicSlot, classid, mac: macBytes(slice.mac), inUse: 1 },
  );
  return { slices, buckets: entry.buckets };
}

/**
 * What the records of a slot say. Stale where `link` (the one with the record's ifindex) is gone or
 * of another make, or a slice's NIC has no name.
 */
export function fromVifRecords(
  slot: number,
  vif: GonaVif,
  aggregate: GonaAggregate,
  link: LinkState | undefined,
  nicName: (slot: number) => string,
): VifEntry {
  const has = (flag: number) => (vif.flags & flag) !== 0;
  const slices = aggregate.slices.map((slice): SliceEntry | null =>
    slice.inUse === 0 ? null : { nic: nicName(slice.nic) as NicId, nicSlot: slice.nic, mac: macText(slice.mac) },
  );
  const whole =
    link !== undefined &&
    has(VifFlag.PEER) === isPeer(link) &&
    slices.every((slice) => slice === null || slice.nic !== "");
  return {
    slot,
    device: link?.name ?? "",
    mac: macText(vif.mac),
    fabric: vif.fabric,
    vlan: vif.vlan,
    trunk: has(VifFlag.TRUNK),
    checkMac: has(VifFlag.CHECK_MAC),
    checkIp: has(VifFlag.CHECK_IP),
    rewriteMac: has(VifFlag.REWRITE_MAC),
    stopped: has(VifFlag.STOPPED),
    slices,
    buckets: aggregate.buckets,
    ...(whole ? {} : { stale: true }),
  };
}
