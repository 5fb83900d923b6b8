import type { GuestView, SliceView, VifView } from "@gona/api";
import type { BypassSpec, GuestSpec, HostSpec, NicId, SliceShare, VifId, VifSpec } from "@gona/model";
import { type Direction, type HubState, type Pending, type VifEntry, vifDevice } from "@gona/planner";
import type { DataPlane, SliceCounters } from "./data-plane.ts";
import type { DeliveryMonitor } from "./delivery/delivery-monitor.ts";
import { deliveryView } from "./delivery/delivery-views.ts";
import { treeLink } from "./delivery/promised-tree.ts";
import { single } from "./delivery/recent-looks.ts";

/** What the views of guests are made from. */
export interface GuestSources {
  readonly spec: HostSpec;
  readonly hub: HubState;
  readonly pending: readonly Pending[];
  /** By the link of the queue tree. */
  readonly drops: ReadonlyMap<string, ReadonlyMap<number, bigint>>;
  readonly dataPlane: Pick<DataPlane, "sliceCounters">;
  readonly delivery: Pick<DeliveryMonitor, "newest" | "of">;
}

/** The guests of the spec, each slice with its promise and its counters. */
export function guestViews(sources: GuestSources): GuestView[] {
  const { spec, pending } = sources;
  const reasons = new Map<string, string>();
  for (const part of pending) reasons.set(part.kind === "nic" ? part.nic : part.vif, part.reason);
  return spec.guests.map((guest) => guestView(guest, { ...sources, reasons }));
}

type ViewContext = Pick<GuestSources, "hub" | "drops" | "dataPlane" | "delivery"> & {
  readonly reasons: ReadonlyMap<string, string>;
};

function guestView(guest: GuestSpec, context: ViewContext): GuestView {
  const seen = guest.vifs.map((vif) => ({ vif, slices: sliceViews(guest, vif, context) }));
  const vifs = seen.map(({ vif, slices }) => vifView(vif, slices, context));
  const states = new Set(vifs.map((vif) => vif.state));
  const [only] = states;
  const state = states.size === 1 && only !== undefined ? only : "degraded";
  const reason = vifs.find((vif) => vif.reason !== undefined)?.reason;
  const slices = seen.flatMap((one) => one.slices);
  return { name: guest.name, state, ...(reason !== undefined && { reason }), vifs, slices };
}

function vifView(vif: VifSpec, slices: readonly SliceView[], { hub, reasons }: ViewContext): VifView {
  const { state, reason } = standingOf(vif.id, slices, hub, reasons);
  return {
    id: vif.id,
    device: vifDevice(vif),
    mac: vif.mac,
    addresses: [...vif.addresses],
    vlan: vif.vlan,
    state,
    ...(reason !== undefined && { reason }),
  };
}

function standingOf(
  vif: VifId,
  slices: readonly SliceView[],
  hub: HubState,
  reasons: ReadonlyMap<string, string>,
): Pick<VifView, "state" | "reason"> {
  const entry = hub.vifs.get(vif);
  const isVf = hub.bypasses.get(vif)?.kind === "sriov";
  const pending = reasons.get(vif);
  if (pending !== undefined) return { state: "pending", reason: pending };
  if (entry === undefined && !isVf) return { state: "pending", reason: "not programmed yet" };
  if (entry?.stopped) return { state: "stopped", reason: "a NIC is lost and onNicLoss says stop" };
  const short = slices.filter((slice) => slice.state !== "active" && slice.direction === "egress");
  if (short.length === 0) return { state: "active" };
  return {
    state: "degraded",
    reason: `no slice on ${short.map((slice) => `${slice.nic} (${slice.state})`).join(", ")}`,
  };
}

function sliceViews(guest: GuestSpec, vif: VifSpec, context: ViewContext): SliceView[] {
  const entry = context.hub.vifs.get(vif.id);
  return vif.aggregate.slices.flatMap(({ nic, egress, ingress, path }) => {
    const one = (direction: Direction, share: SliceShare) =>
      sliceView({ guest: guest.name, vif: vif.id, nic, direction }, share, entry, context, path);
    return [one("egress", egress), ...(ingress === undefined ? [] : [one("ingress", ingress)])];
  });
}

const NOTHING: SliceCounters = {
  txBytes: 0n,
  txPackets: 0n,
  rxBytes: 0n,
  rxPackets: 0n,
  txDrops: 0n,
  failovers: 0n,
  txCeMarks: 0n,
  rxCeMarks: 0n,
  txAqmDrops: 0n,
  rxAqmDrops: 0n,
};

interface SliceName {
  readonly guest: string;
  readonly vif: VifId;
  readonly nic: NicId;
  readonly direction: Direction;
}

function sliceView(
  name: SliceName,
  share: SliceShare,
  entry: VifEntry | undefined,
  { hub, drops, dataPlane, delivery }: ViewContext,
  path: BypassSpec | undefined,
): SliceView {
  const { nic, direction } = name;
  const number = entry?.slices.findIndex((slice) => slice?.nic === nic) ?? -1;
  const placed = entry !== undefined && number >= 0 ? { slot: entry.slot, number } : undefined;
  const counters = placed === undefined ? NOTHING : dataPlane.sliceCounters(placed.slot, placed.number);
  const queueDrops = (placed && drops.get(treeLink(hub, nic, direction) ?? "")?.get(placed.slot)) ?? 0n;
  const mac = entry?.slices[number]?.mac;
  const row = delivery.of(name);
  const isEgress = direction === "egress";
  const isThere = placed !== undefined || (path?.kind === "sriov" && hub.bypasses.has(name.vif));
  return {
    ...name,
    ...(path && { path: path.kind }),
    ...(path?.kind === "sriov" && { vf: path.vf }),
    state: !isThere ? "pending" : hub.nics.get(nic)?.up === true ? "active" : "down",
    reserveBitsPerSecond: share.reserve,
    limitBitsPerSecond: share.limit,
    shares: share.shares,
    bucketShare: placed === undefined || entry === undefined ? 0 : bucketShare(entry.buckets, placed.number),
    ...(mac !== undefined && { mac }),
    txBytes: Number(counters.txBytes),
    rxBytes: Number(counters.rxBytes),
    txPackets: Number(counters.txPackets),
    rxPackets: Number(counters.rxPackets),
    drops: Number(queueDrops + (isEgress ? counters.txDrops + counters.txAqmDrops : counters.rxAqmDrops)),
    ceMarks: Number(isEgress ? counters.txCeMarks : counters.rxCeMarks),
    failovers: Number(counters.failovers),
    ...(row && { delivery: deliveryView(single(delivery.newest.atMs, row)) }),
  };
}

function bucketShare(buckets: Uint8Array, slice: number): number {
  let count = 0;
  for (const bucket of buckets) if (bucket === slice) count++;
  return buckets.length === 0 ? 0 : count / buckets.length;
}
