import type { BitsPerSecond, Bytes, Nanoseconds, NicId, VifId } from "@gona/model";

/**
 * All kernel state that GONA owns in a hub, by facet; the same type holds what is wanted and what
 * is observed. A facet is a map from key to plain data: two facets are alike when keys and values
 * are, so plan() is a difference. No ifindex, no pointer: an observer marks an entry `stale` whose
 * link was replaced under the same name or that is half made. As no desired entry is stale, plan()
 * sets it again under its number, or clears it.
 */
export interface HubState {
  /** Veth pairs that GONA makes. */
  readonly vifLinks: ReadonlyMap<VifId, VifLink>;
  readonly nics: ReadonlyMap<NicId, NicEntry>;
  readonly nicQueues: ReadonlyMap<NicId, NicQueue>;
  readonly slices: ReadonlyMap<SliceKey, SliceQueue>;
  readonly vifs: ReadonlyMap<VifId, VifEntry>;
  readonly stations: ReadonlyMap<StationKey, Station>;
  readonly addresses: ReadonlyMap<AddressKey, AddressEntry>;
  readonly segments: ReadonlyMap<SegmentKey, Segment>;
  /** from_wire on a NIC, by link name. */
  readonly nicFilters: ReadonlyMap<NicId, NicFilter>;
  /** from_guest on a vif, by the hub link's name. */
  readonly vifFilters: ReadonlyMap<string, VifFilter>;
}

export type Facet = keyof HubState;
export type FacetKey<F extends Facet> = HubState[F] extends ReadonlyMap<infer K, unknown> ? K : never;
export type FacetValue<F extends Facet> = HubState[F] extends ReadonlyMap<unknown, infer V> ? V : never;

/** Never desired: what stands in the kernel is broken, half made or of another build. */
export interface MayBeStale {
  readonly stale?: true;
}

export interface VifLink extends MayBeStale {
  /** Hub's end, at most 15 bytes, derived from the vif's id (`gv-…`). */
  readonly device: string;
  readonly netns: string;
  /** Name in the guest's namespace. */
  readonly name: string;
  readonly mac: string;
}

export interface NicEntry extends MayBeStale {
  /** 0 to 63, kept for as long as the NIC is in the spec. */
  readonly slot: number;
  /** 1 and up. */
  readonly fabric: number;
  readonly lag: boolean;
  /** The controller's gate. */
  readonly up: boolean;
}

/** HTB root, its class a09a:1, and the host's class a09a:2 (the default). */
export interface NicQueue extends MayBeStale {
  readonly rate: BitsPerSecond;
  /** Depth of the root's token bucket, as time at `rate`; a multiple of 64 ns. */
  readonly burst: Nanoseconds;
  readonly host: HtbShape;
}

/** What an HTB class is set to. */
export interface HtbShape {
  /** Assured: reservation plus its part of what shares give. */
  readonly rate: BitsPerSecond;
  readonly ceil: BitsPerSecond;
  /** Depth of the token bucket as time at `rate`; a multiple of 64 ns, below 2^32 x 64 ns. */
  readonly burst: Nanoseconds;
  /** The same at `ceil`. */
  readonly ceilBurst: Nanoseconds;
  readonly quantum: Bytes;
  /** 0 to 7. */
  readonly priority: number;
  readonly leaf: Leaf;
}

/** `segmenter`: a tbf far faster than the class that cuts GSO packets; below 200 Mbit/s. */
export type Leaf =
  | { readonly kind: "fifo"; readonly limit: Bytes }
  | { readonly kind: "segmenter"; readonly limit: Bytes };

/** `nic vifSlot`: one HTB class of one NIC. Its minor is classMinor(vifSlot). */
export type SliceKey = string & { readonly __slice: true };
export const sliceKey = (nic: NicId, vifSlot: number): SliceKey => `${nic} ${vifSlot}` as SliceKey;

export interface SliceQueue extends HtbShape, MayBeStale {
  readonly nic: NicId;
  readonly vifSlot: number;
}

/** Minors: 1 root, 2 host, 8 (slot + 1) the slice, the seven that follow its traffic classes. */
export const classMinor = (vifSlot: number, trafficClass = 0): number => (vifSlot + 1) * 8 + trafficClass;
export const ROOT_MINOR = 1;
export const HOST_MINOR = 2;

/** The map entries of a vif: gona_vifs and gona_aggregates. */
export interface VifEntry extends MayBeStale {
  /** 0 to 4095, kept for as long as the vif is in the spec. */
  readonly slot: number;
  /** Hub link. */
  readonly device: string;
  readonly mac: string;
  readonly fabric: number;
  readonly vlan: number;
  readonly trunk: boolean;
  readonly checkMac: boolean;
  readonly checkIp: boolean;
  /** Per-slice MACs. */
  readonly rewriteMac: boolean;
  readonly stopped: boolean;
  /** Index: slice number, 0 to 7; null: free. A NIC keeps its number while the vif keeps the NIC. */
  readonly slices: readonly (SliceEntry | null)[];
  /** GONA_BUCKETS slice numbers. */
  readonly buckets: Uint8Array;
}

export interface SliceEntry {
  readonly nic: NicId;
  readonly nicSlot: number;
  /** Lower case, colon separated. */
  readonly mac: string;
}

/** `fabric/vlan mac`. */
export type StationKey = string & { readonly __station: true };
export interface Station {
  readonly fabric: number;
  readonly vlan: number;
  readonly mac: string;
  readonly vifSlot: number;
  readonly slice: number | "own";
}
export const stationKey = (s: Pick<Station, "fabric" | "vlan" | "mac">): StationKey =>
  `${s.fabric}/${s.vlan} ${s.mac}` as StationKey;

/** `fabric/vlan address`. */
export type AddressKey = string & { readonly __address: true };
export interface AddressEntry {
  readonly fabric: number;
  readonly vlan: number;
  readonly address: string;
  readonly vifSlot: number;
}
export const addressKey = (a: Pick<AddressEntry, "fabric" | "vlan" | "address">): AddressKey =>
  `${a.fabric}/${a.vlan} ${a.address}` as AddressKey;

/** `fabric/vlan`. */
export type SegmentKey = string & { readonly __segment: true };
export interface Segment {
  readonly fabric: number;
  readonly vlan: number;
  /** Ascending. */
  readonly vifSlots: readonly number[];
}
export const segmentKey = (s: Pick<Segment, "fabric" | "vlan">): SegmentKey => `${s.fabric}/${s.vlan}` as SegmentKey;

export interface NicFilter extends MayBeStale {
  readonly nicSlot: number;
}
export interface VifFilter extends MayBeStale {
  readonly vifSlot: number;
}

/** A hub without anything of GONA's. */
export const EMPTY_HUB: HubState = {
  vifLinks: new Map(),
  nics: new Map(),
  nicQueues: new Map(),
  slices: new Map(),
  vifs: new Map(),
  stations: new Map(),
  addresses: new Map(),
  segments: new Map(),
  nicFilters: new Map(),
  vifFilters: new Map(),
};
