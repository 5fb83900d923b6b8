import { type LinkState, tcHandle } from "@gona/kernel";
import { bitsPerSecond, MAX_BITS_PER_SECOND, type NicId, nanoseconds } from "@gona/model";
import { classMinor, type SliceEntry, type VifEntry } from "@gona/planner";
import { type GonaAggregate, type GonaSlice, type GonaVif, Limit, VifFlag } from "./abi.ts";
import { macBytes, macText } from "./mac-bytes.ts";
import { macvtapPlace } from "./macvtap-place.ts";

const NO_SLICE: GonaSlice = { txBytesPerS: 0n, rxBytesPerS: 0n, nic: 0, classid: 0, mac: new Uint8Array(6), inUse: 0 };
const NS_PER_US = 1000;

/** Frames may be handed straight to the guest's end: a veth whose other end is in another namespace. */
const isPeer = (link: LinkState): boolean => link.kind === "veth" && link.peerElsewhere;

function flagsOf(entry: VifEntry, link: LinkState): number {
  return (
    VifFlag.IN_USE |
    (entry.checkMac ? VifFlag.CHECK_MAC : 0) |
    (entry.checkIp ? VifFlag.CHECK_IP : 0) |
    (entry.rewriteMac ? VifFlag.REWRITE_MAC : 0) |
    (isPeer(link) && !entry.queued ? VifFlag.PEER : 0) |
    (entry.trunk ? VifFlag.TRUNK : 0) |
    (entry.stopped ? VifFlag.STOPPED : 0) |
    (entry.parts ? VifFlag.PARTS : 0) |
    (entry.capped ? VifFlag.CAPPED : 0) |
    (entry.localCapped ? VifFlag.LOCAL_CAPPED : 0) |
    (entry.queued ? VifFlag.QUEUED : 0) |
    (entry.choice === "flowlet" ? VifFlag.FLOWLET : 0) |
    (entry.choice === "stripe" ? VifFlag.STRIPE : 0) |
    (entry.moving ? VifFlag.MOVING : 0) |
    (entry.lanes ? VifFlag.LANES : 0) |
    (entry.macvtap ? VifFlag.MACVTAP : 0) |
    (entry.choice !== undefined && entry.rewriteMac ? VifFlag.STEERED : 0)
  );
}

/** `aggregate`: index into gona_aggregates. `link`: the vif's, as it is now. */
export function toVifRecord(entry: VifEntry, link: LinkState, aggregate: number): GonaVif {
  const { fabric, vlan } = entry;
  const goalUs = (entry.latency ?? 0) / NS_PER_US;
  const flags = flagsOf(entry, link);
  return { ifindex: link.ifindex, aggregate, fabric, flags, vlan, mac: macBytes(entry.mac), goalUs };
}

export function toAggregateRecord(entry: VifEntry): GonaAggregate {
  const classid = tcHandle(Limit.HTB_MAJOR, classMinor(entry.slot));
  const slices = entry.slices.map((slice): GonaSlice => {
    if (slice === null) return NO_SLICE;
    const limits = { txBytesPerS: BigInt(slice.egress / 8), rxBytesPerS: BigInt(slice.ingress / 8) };
    return { ...limits, nic: slice.nicSlot, classid, mac: macBytes(slice.mac), inUse: 1 };
  });
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
  const slices = aggregate.slices.map((slice): SliceEntry | null => {
    if (slice.inUse === 0) return null;
    const limits = { egress: rateOf(slice.txBytesPerS), ingress: rateOf(slice.rxBytesPerS) };
    return { nic: nicName(slice.nic) as NicId, nicSlot: slice.nic, mac: macText(slice.mac), ...limits };
  });
  const whole =
    link !== undefined &&
    has(VifFlag.PEER) === (isPeer(link) && !has(VifFlag.QUEUED)) &&
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
    parts: has(VifFlag.PARTS),
    ...(vif.goalUs === 0 ? {} : { latency: nanoseconds(vif.goalUs * NS_PER_US) }),
    ...(has(VifFlag.LANES) ? { lanes: true as const } : {}),
    capped: has(VifFlag.CAPPED),
    localCapped: has(VifFlag.LOCAL_CAPPED),
    queued: has(VifFlag.QUEUED),
    ...(has(VifFlag.FLOWLET)
      ? { choice: "flowlet" as const }
      : has(VifFlag.STRIPE)
        ? { choice: "stripe" as const }
        : {}),
    ...(has(VifFlag.MOVING) ? { moving: true as const } : {}),
    ...(has(VifFlag.MACVTAP) ? { macvtap: macvtapPlace(link) } : {}),
    slices,
    buckets: aggregate.buckets,
    ...(whole ? {} : { stale: true }),
  };
}

/** Whatever someone wrote by hand is brought to the end of our units, and differs from every plan. */
const rateOf = (bytesPerSecond: bigint) => bitsPerSecond(Math.min(Number(bytesPerSecond) * 8, MAX_BITS_PER_SECOND));
