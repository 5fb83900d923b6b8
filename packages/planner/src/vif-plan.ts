import {
  type BitsPerSecond,
  bytes,
  type Nanoseconds,
  type NicId,
  type SliceSpec,
  scaleRate,
  type VifSpec,
} from "@gona/model";
import { assignNumbers } from "./assign-numbers.ts";
import { BUCKETS, fillBuckets, keepBuckets } from "./bucket-table.ts";
import { macvtapOf } from "./bypass.ts";
import { effectiveShares } from "./effective-shares.ts";
import { equalBytes, equalData } from "./equal-data.ts";
import {
  type AddressEntry,
  type AddressKey,
  addressKey,
  type HubState,
  type SliceEntry,
  type Station,
  type StationKey,
  stationKey,
  type TrafficRules,
  type VifEntry,
  type VifLink,
} from "./hub-state.ts";
import { hasLanes } from "./lanes.ts";
import type { NicPlan } from "./nic-plan.ts";
import { stableHash } from "./stable-hash.ts";
import type { TableMemo } from "./table-memo.ts";
import { asMarked, goalTime, hasLatencyGoal, hasParts, trafficRules } from "./traffic-rules.ts";
import { drainRates, type PlacedSlice, type VifQueues, vifQueues } from "./vif-queues.ts";

/** Slices of one aggregate; GONA_MAX_SLICES. */
const SLICE_NUMBERS = { low: 0, high: 7 };

/** All that one vif of the spec comes to. */
export interface VifPlan {
  readonly spec: VifSpec;
  /** By the order of the spec's slices; undefined: the NIC is missing. */
  readonly nics: readonly (NicPlan | undefined)[];
  readonly entry: VifEntry;
  readonly link?: VifLink;
  readonly rules?: TrafficRules;
  /** Entries of the facets, with their keys: making a key costs more than comparing two entries. */
  readonly queues: VifQueues["queues"];
  /** On its own link. */
  readonly trees: VifQueues["trees"];
  readonly stations: readonly (readonly [StationKey, Station])[];
  readonly addresses: readonly (readonly [AddressKey, AddressEntry])[];
}

/** The veth pair of a vif that GONA makes, undefined for one that exists. */
export function vifLink(vif: VifSpec): VifLink | undefined {
  if (vif.attachment.kind !== "create") return undefined;
  const { netns, name } = vif.attachment;
  // Any change gives another device: a pair cannot move to another namespace or change its far
  // end's MAC in place, and a new one under the old name would leave filters on the dead one.
  return { device: `gv-${stableHash(`${vif.id} ${netns} ${name} ${vif.mac}`)}`, netns, name, mac: vif.mac };
}

/** The hub's end of a vif. */
export const vifDevice = (vif: VifSpec): string =>
  vif.attachment.kind === "device" ? vif.attachment.device : (vifLink(vif)?.device ?? "");

/** Whether the vif shows each NIC a MAC of its own; by the spec alone, so that a NIC's loss changes no MAC. */
export const rewritesMac = (vif: VifSpec, lag: boolean): boolean => !lag && vif.aggregate.slices.length >= 2;

export interface VifPlanInput {
  readonly spec: VifSpec;
  readonly slot: number;
  readonly fabric: number;
  readonly lag: boolean;
  readonly nics: readonly (NicPlan | undefined)[];
  readonly observed: HubState;
  /** paceTime() of the machine. */
  readonly pacing: Nanoseconds;
  /** Inventory.fqCodel. */
  readonly fqCodel: boolean;
  /** The per-slice MAC for a NIC; asked only where MACs are rewritten. */
  readonly macFor: (nic: NicId) => string;
  /** Inventory.tables of this vif. */
  readonly table?: Uint8Array | undefined;
  /** Of this planning. */
  readonly memo: TableMemo;
  /** Inventory.moving of this vif. */
  readonly moving?: readonly Station[] | undefined;
}

export function planVif(input: VifPlanInput): VifPlan {
  const { spec, slot, nics, observed, pacing, fqCodel } = input;
  const marked = asMarked(spec.aggregate, fqCodel);
  const { limit, latency } = marked;
  const link = vifLink(spec);
  const device = vifDevice(spec);
  const numbers = sliceNumbers(input);
  const laned = hasLanes({ hasGoal: latency !== undefined, slot, nics, before: observed.vifs.get(spec.id) });
  const living = livingSlices(input, numbers);
  const before = observed.vifs.get(spec.id);
  const macvtap = macvtapOf(spec);
  const weights = sliceWeights(spec, living);
  const choice = choiceOf(spec);
  // A balancer's table outlives the daemon that made it.
  const fill = choice === "flowlet" && before?.choice === "flowlet" ? keepBuckets : fillBuckets;
  const buckets = isUsable(input.table, weights)
    ? input.table
    : input.memo.fill(fill, weights, tableToKeep(before, living));
  const slices: (SliceEntry | null)[] = [];
  for (let number = SLICE_NUMBERS.low; number <= SLICE_NUMBERS.high; number++) {
    slices.push(living.find((slice) => slice.number === number)?.entry ?? null);
  }
  const entry: VifEntry = {
    slot,
    device,
    mac: spec.mac,
    fabric: input.fabric,
    vlan: spec.vlan,
    trunk: spec.trunk.length > 0,
    checkMac: spec.antiSpoof.mac,
    checkIp: spec.antiSpoof.ip,
    rewriteMac: rewritesMac(spec, input.lag),
    stopped: isStopped(spec, nics),
    parts: hasParts(marked, fqCodel),
    ...(latency === undefined ? {} : { latency: goalTime(latency) }),
    ...(laned ? { lanes: true as const } : {}),
    capped: limit?.egress !== undefined,
    localCapped: limit?.local !== undefined,
    queued: limit?.ingress !== undefined,
    ...(choice === undefined ? {} : { choice }),
    ...(input.moving === undefined || macvtap ? {} : { moving: true as const }),
    ...(macvtap && { macvtap }),
    slices,
    buckets: before !== undefined && equalBytes(before.buckets, buckets) ? before.buckets : buckets,
  };
  const rules = trafficRules(marked, slot);
  return {
    spec,
    nics,
    // One reference for what is alike: the next comparison costs nothing.
    entry: before !== undefined && equalData(before, entry) ? before : entry,
    ...(link === undefined ? {} : { link }),
    ...(rules === undefined ? {} : { rules }),
    ...vifQueues({ spec, slot, device, slices: living, pacing, observed, fqCodel, laned }),
    // Frames for it come by its NIC into the macvtap; to a guest of the hub it is somebody on the wire.
    stations: macvtap ? [] : stationsOf(input, numbers),
    addresses: addressesOf(input),
  };
}

interface LivingSlice extends PlacedSlice {
  readonly number: number;
  readonly entry: SliceEntry;
}

/** A virtual queue counts L2 bytes: it drains slower by what the link adds to a full frame. */
function withinOverhead(rates: typeof NO_DRAIN, overhead = bytes(0)): typeof NO_DRAIN {
  if (overhead === 0) return rates;
  const part = FULL_FRAME / (FULL_FRAME + overhead);
  return { egress: scaleRate(rates.egress, part), ingress: scaleRate(rates.ingress, part) };
}
/** Bytes of an Ethernet frame of 1500 bytes payload. */
const FULL_FRAME = 1514;

/** Of a slice without a virtual queue, so that a new limit changes no map. */
const NO_DRAIN = { egress: 0 as BitsPerSecond, ingress: 0 as BitsPerSecond };

/**
 * Numbers of the slices by NIC. Where MACs are rewritten also of those whose NIC is missing: peers
 * hold the MAC of such a slice, and its station names it until the NIC is back.
 */
function sliceNumbers(input: VifPlanInput): ReadonlyMap<NicId, number> {
  const { spec, nics, observed, slot, fabric, lag } = input;
  const before = observed.vifs.get(spec.id)?.slices ?? [];
  const of = (there: boolean) => spec.aggregate.slices.filter((_, index) => (nics[index] !== undefined) === there);
  const present = of(true).map((slice) => slice.nic);
  const rewrites = rewritesMac(spec, lag);
  const missing = rewrites ? of(false).map((slice) => slice.nic) : [];
  const kept = (nic: NicId): number | undefined => {
    const number = before.findIndex((slice) => slice?.nic === nic);
    if (number >= 0) return number;
    if (!rewrites) return undefined;
    const station = observed.stations.get(stationKey({ fabric, vlan: spec.vlan, mac: input.macFor(nic) }));
    return station?.vifSlot === slot && station.slice !== "own" ? station.slice : undefined;
  };
  const used = () => new Set(before.flatMap((slice, number) => (slice === null ? [] : [number])));
  // Those that carry traffic first: what a number means for them is not to change.
  const wanted = [...present, ...missing];
  // What comes takes a number above those that are there: the lowest tells the home NIC, and a new
  // home is one that switches and peers must learn.
  const above = before.findLastIndex((slice) => slice !== null) + 1;
  const last = assignNumbers(wanted, SLICE_NUMBERS, kept, () => new Set(Array(above).keys()));
  if (last.size === wanted.length) return last;
  const numbers = assignNumbers(wanted, SLICE_NUMBERS, kept, used);
  if (numbers.size === wanted.length) return numbers;
  // Five of eight NICs swapped at once: no number is free on both sides, and one that goes is used
  // again. The entry is replaced whole, so only frames to the old slice's MAC are lost meanwhile.
  return assignNumbers(wanted, SLICE_NUMBERS, kept, () => new Set());
}

function livingSlices(input: VifPlanInput, numbers: ReadonlyMap<NicId, number>): readonly LivingSlice[] {
  const { spec, nics, lag } = input;
  const rewrite = rewritesMac(spec, lag);
  const slices: readonly SliceSpec[] = effectiveShares(spec.aggregate, (nic) => isUp(nics, nic));
  const drains = hasLatencyGoal(asMarked(spec.aggregate, input.fqCodel)) || choiceOf(spec) !== undefined;
  const living: LivingSlice[] = [];
  for (const [index, slice] of slices.entries()) {
    const nic = nics[index];
    const number = numbers.get(slice.nic);
    if (nic === undefined || number === undefined) continue;
    const mac = rewrite ? input.macFor(slice.nic) : spec.mac;
    const limits =
      drains || nic.timed ? withinOverhead(drainRates(spec, { spec: slice, nic }), nic.overhead) : NO_DRAIN;
    living.push({ number, spec: slice, nic, entry: { nic: slice.nic, nicSlot: nic.entry.slot, mac, ...limits } });
  }
  return living;
}

/**
 * Weights by slice number. `hash`: in proportion to what the slice may send, its egress limit
 * capped by the NIC's capacity, so that slices fill up together. `active-backup`: everything on the
 * first in the order of the spec. Only slices whose NIC is up take part, and of those the ones that
 * are not held; where none is left, the next best set: a table always leads somewhere, so that a
 * carrier that returns works at once.
 */
function sliceWeights(spec: VifSpec, living: readonly LivingSlice[]): readonly number[] {
  const up = living.filter((slice) => slice.nic.entry.up);
  const free = up.filter((slice) => !slice.nic.held);
  const best = free.length > 0 ? free : up.length > 0 ? up : living;
  const chosen = spec.aggregate.balance === "active-backup" ? best.slice(0, 1) : best;
  const weights = Array.from({ length: SLICE_NUMBERS.high + 1 }, () => 0);
  for (const slice of chosen) weights[slice.number] = Math.min(slice.spec.egress.limit, slice.nic.capacity);
  return weights;
}

/** By the spec alone: with one slice there is nothing to choose. */
const choiceOf = ({ aggregate: { balance, slices } }: VifSpec): VifEntry["choice"] =>
  slices.length >= 2 && (balance === "flowlet" || balance === "stripe") ? balance : undefined;

/** Every bucket names a slice that may carry something. */
const isUsable = (table: Uint8Array | undefined, weights: readonly number[]): table is Uint8Array =>
  table?.length === BUCKETS && table.every((slice) => (weights[slice] ?? 0) > 0);

/** The table to move as little of as can be: what stands there; a number that means another NIC now has no claim. */
function tableToKeep(before: VifEntry | undefined, living: readonly LivingSlice[]): Uint8Array | undefined {
  if (before === undefined) return undefined;
  const moved = living.some((slice) => {
    const old = before.slices[slice.number];
    return old !== null && old !== undefined && old.nic !== slice.entry.nic;
  });
  return moved ? undefined : before.buckets;
}

const isUp = (nics: readonly (NicPlan | undefined)[], nic: NicId): boolean =>
  nics.some((one) => one?.name === nic && one.entry.up);

/** `stop`: when a slice's NIC is not up or not there, the guest is to have no network rather than part of it. */
const isStopped = (spec: VifSpec, nics: readonly (NicPlan | undefined)[]): boolean =>
  spec.aggregate.onNicLoss === "stop" && nics.some((nic) => nic === undefined || !nic.entry.up);

/** The access VLAN (0: untagged) and the trunk VLANs, each once. */
export const vlansOf = (spec: VifSpec): readonly number[] => [
  spec.vlan,
  ...spec.trunk.filter((vlan) => vlan !== spec.vlan),
];

/**
 * The MACs that the vif answers to. That of a slice whose NIC is gone stays, so that peers which
 * learnt it reach the guest through its home NIC, as they do when only the carrier is lost; so do, for a
 * moment, those that the vif had until its NICs changed.
 */
function stationsOf(input: VifPlanInput, numbers: ReadonlyMap<NicId, number>): VifPlan["stations"] {
  const { spec, slot, fabric, lag } = input;
  const shown = rewritesMac(spec, lag) ? [...numbers].map(([nic, number]) => [input.macFor(nic), number] as const) : [];
  const stations: Station[] = [];
  for (const vlan of vlansOf(spec)) {
    stations.push({ fabric, vlan, mac: spec.mac, vifSlot: slot, slice: "own" });
    for (const [mac, slice] of shown) stations.push({ fabric, vlan, mac, vifSlot: slot, slice });
  }
  const entries = new Map(stations.map((station) => [stationKey(station), station]));
  for (const gone of input.moving ?? []) {
    const key = stationKey(gone);
    if (gone.fabric === fabric && gone.vifSlot === slot && !entries.has(key)) entries.set(key, gone);
  }
  return [...entries];
}

/** A guest's addresses are its own in every VLAN that it may use: the source check looks them up by the frame's VLAN. */
function addressesOf({ spec, slot, fabric }: VifPlanInput): VifPlan["addresses"] {
  return vlansOf(spec).flatMap((vlan) =>
    spec.addresses.map((address) => {
      const entry: AddressEntry = { fabric, vlan, address, vifSlot: slot };
      return [addressKey(entry), entry] as const;
    }),
  );
}
