import {
  type BitsPerSecond,
  type Bytes,
  bytes,
  type DomainId,
  type Nanoseconds,
  type NicId,
  type VifId,
} from "@gona/model";
import type { BypassPath, MacvtapPlace } from "./bypass-state.ts";

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
  /** Veth pairs inside the hub that give what passes them a queue tree. */
  readonly spines: ReadonlyMap<SpineId, Spine>;
  /** What leads from the hub to the NICs of driver domains. */
  readonly trunks: ReadonlyMap<NicId, Trunk>;
  /** Devices on NICs that vifs have for their own, past the packet path. */
  readonly bypasses: ReadonlyMap<VifId, BypassPath>;
  readonly nics: ReadonlyMap<NicId, NicEntry>;
  /** By the link whose root qdisc it is. */
  readonly trees: ReadonlyMap<string, QueueTree | TimedQueue>;
  readonly slices: ReadonlyMap<SliceKey, SliceQueue>;
  /** How the frames of a vif fall into traffic classes; of vifs that have some. */
  readonly trafficRules: ReadonlyMap<VifId, TrafficRules>;
  readonly vifs: ReadonlyMap<VifId, VifEntry>;
  readonly stations: ReadonlyMap<StationKey, Station>;
  readonly addresses: ReadonlyMap<AddressKey, AddressEntry>;
  readonly segments: ReadonlyMap<SegmentKey, Segment>;
  /** All that is attached around a NIC that has a namespace of its own. */
  readonly domainFilters: ReadonlyMap<NicId, DomainFilter>;
  /** from_wire on every other NIC, or on the trunk that stands for it. */
  readonly nicFilters: ReadonlyMap<NicId, NicFilter>;
  /** from_spine on the far end of a spine, by that end's name. */
  readonly spineFilters: ReadonlyMap<string, SpineFilter>;
  /** from_guest (or from_macvtap) on a vif, by the hub link's name. */
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

/**
 * `in NIC`: what comes in by that NIC for guests, before it goes to their vifs; `cap`: what capped
 * vifs send to the wire, before a slice is chosen; `local`: what vifs send to guests of this host.
 */
export type SpineId = "cap" | "local" | `in ${NicId}`;

/** Frames are redirected to `device`, wait in its queue tree, and come out at `peer`'s tc ingress. */
export interface Spine extends MayBeStale {
  /** At most 15 bytes, derived from the id (`gq-…`). */
  readonly device: string;
  /** `gp-…`. */
  readonly peer: string;
}

/**
 * A NIC's own way between the hub and its driver domain; its end in the hub stands for the NIC there. `veth`: a pair
 * into the domain's namespace. `tap`: held by the domain's virtual machine, and made before the NIC is placed.
 */
export type Trunk = MayBeStale & {
  /** The hub's end, at most 15 bytes, derived from the NIC's name (`gt-…`). */
  readonly device: string;
  readonly domain: DomainId;
} & (
    | {
        readonly kind: "veth";
        /** The end in the domain (`gd-…`). */
        readonly peer: string;
        /** Of the domain: a name below /run/netns. */
        readonly netns: string;
      }
    | { readonly kind: "tap" }
  );

export interface NicEntry extends MayBeStale {
  /** 0 to 63, kept for as long as the NIC is in the spec. */
  readonly slot: number;
  /** 1 and up. */
  readonly fabric: number;
  readonly lag: boolean;
  /** The controller's gate. */
  readonly up: boolean;
  /** What comes in for guests passes the spine `in NIC` first, or the tree on its trunk's end beside it. */
  readonly shapeIn: boolean;
  /** Its root is a TimedQueue, and slices' limits are departure times. */
  readonly timed?: true;
  /** What leads to it; absent: the NIC is in the hub. */
  readonly trunk?: NicTrunk;
  /**
   * Where the fabric's bundle is negotiated and this NIC is not a full member of it. apart: nothing leaves by it and
   * guests hear nothing that comes in by it; joining: nothing leaves by it. Gate and carrier or not.
   */
  readonly bundle?: NicBundling;
}

/** Links of a trunk that a NIC's record names; `peer` of a veth alone. */
export interface NicTrunk {
  readonly device: string;
  readonly peer?: string;
}

export type NicBundling = "apart" | "joining";

/**
 * HTB root, its class a09a:1, and the default class a09a:2: the host's own traffic on a NIC, all
 * traffic on a vif's hub link (whose tree is the cap on what comes in for it), nothing on a spine.
 */
export interface QueueTree extends MayBeStale {
  readonly rate: BitsPerSecond;
  /** Depth of the root's token bucket, as time at `rate`; a multiple of 64 ns. */
  readonly burst: Nanoseconds;
  /** The default class. */
  readonly host: HtbShape;
  /** Of the root's class: ClassShape.overhead. */
  readonly overhead?: Bytes;
  /** Of the whole tree: ClassShape.offload. Another value is another tree: what waits in the old one is lost. */
  readonly offload?: true;
  readonly timed?: never;
}

/**
 * fq in the place of a tree: packets leave at the times that the programs give them (NicEntry.timed). No classes. What
 * waits is lost when one takes the place of the other.
 */
export type TimedQueue = MayBeStale & { readonly timed: true } & {
  readonly [K in Exclude<keyof QueueTree, keyof MayBeStale | "timed">]?: never;
};

/** What an HTB class is set to. */
export interface ClassShape {
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
  /** What a frame costs beyond its L2 bytes; absent: 0. The same on all classes of a tree. */
  readonly overhead?: Bytes;
  /** The NIC carries it out, with quanta of its own: quantum is INNER_QUANTUM, priority 0. The same on all classes of a tree. */
  readonly offload?: true;
}

/** A class that holds packets. */
export interface HtbShape extends ClassShape {
  readonly leaf: Leaf;
}

/**
 * A tbf far faster than the class; the `segmenter` cuts GSO packets. Either becomes the other in place, with what
 * waits in it. What waits is lost when `codel` comes or goes, and stays when its times change.
 */
export interface Leaf {
  readonly kind: "fifo" | "segmenter";
  readonly limit: Bytes;
  /** fq_codel holds the packets instead of a fifo: flows take turns, and each one's queue is kept short. */
  readonly codel?: CodelTimes;
}

/** As the kernel holds them: multiples of 1,024 ns. */
export interface CodelTimes {
  /** What packets may wait for good. */
  readonly target: Nanoseconds;
  /** Beyond the target for so long: packets are marked, or dropped. */
  readonly interval: Nanoseconds;
}

/** `link vifSlot`: the class of one vif in the tree of one link. Its minor is classMinor(vifSlot). */
export type SliceKey = string & { readonly __slice: true };
export const sliceKey = (link: string, vifSlot: number): SliceKey => `${link} ${vifSlot}` as SliceKey;

/**
 * Quantum of a slice with parts, whose priority is 0: HTB uses neither of a class without packets
 * (in a round such a class gets the quanta of its parts that have packets) and cannot change them.
 */
export const INNER_QUANTUM = bytes(65_536);

/**
 * The class above a slice's: what the slice saved up while timers were late goes out no faster than
 * this. Its minor is pacerMinor(vifSlot).
 */
export interface Pace {
  /** A little above the slice's ceil. */
  readonly rate: BitsPerSecond;
  /** Depth of the token bucket as time at `rate`; a multiple of 64 ns. */
  readonly burst: Nanoseconds;
}

/** A slice is one class that holds packets, or one without packets over its parts. */
export interface SliceQueue extends ClassShape, MayBeStale {
  readonly link: string;
  readonly vifSlot: number;
  /** Absent: none, the class stands directly below the root class. */
  readonly pace?: Pace;
  /** null: the packets wait in the parts. */
  readonly leaf: Leaf | null;
  /** Ascending; empty where the slice has a leaf. */
  readonly parts: readonly SlicePart[];
}

/**
 * A class below a slice's; its minor is classMinor(vifSlot, part). One whose ceil is its slice's has the
 * slice's pace instead: two buckets of one rate in a row would throw credit away twice.
 */
export interface SlicePart extends HtbShape {
  /** 1 to 5: traffic classes in the order of the spec; SPARSE_PART; REST_PART; lanes beyond the first. */
  readonly part: number;
}

/** With a latency goal: flows that send less than their fair part. */
export const SPARSE_PART = 6;
/** What no traffic class claims; where there are lanes, the first of them. */
export const REST_PART = 7;
/** Parts that bulk flows of what no traffic class claims are spread over, from REST_PART on. */
export const LANES = 8;
export const LAST_PART = REST_PART + LANES - 1;

/** Which part of its slices a vif's frame goes to: the first rule that matches; REST_PART where none does. */
export interface TrafficRules extends MayBeStale {
  readonly vifSlot: number;
  readonly rules: readonly TrafficRule[];
  /** By part, 1 to 5. */
  readonly parts: readonly TrafficPart[];
}

export interface TrafficRule {
  readonly part: number;
  /** Code points, 0 to 63; absent: any, also no IP at all. */
  readonly dscp?: readonly number[];
  /** VLAN priorities, 0 to 7; absent: any. */
  readonly pcp?: readonly number[];
  /** IP protocol; absent: any. */
  readonly protocol?: number;
  /** Source or destination port; absent: any. One rule for each range. */
  readonly ports?: { readonly from: number; readonly to: number };
}

export interface TrafficPart {
  readonly part: number;
  /** The virtual queue's goal; absent: no active queue management. */
  readonly latency?: Nanoseconds;
  readonly remarkDscp?: number;
  readonly remarkPcp?: number;
}

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
  /** Slices have parts: the class of a frame is its part's. */
  readonly parts: boolean;
  /** Latency goal of the slices' rest: a virtual queue marks and drops, sparse flows have SPARSE_PART. Absent: none. */
  readonly latency?: Nanoseconds;
  /** Bulk flows of the slices' rest are spread over LANES parts. Absent: REST_PART holds them all. */
  readonly lanes?: true;
  /** What it sends to the wire passes the spine `cap` first. */
  readonly capped: boolean;
  /** What it sends to guests of this host passes the spine `local` first. */
  readonly localCapped: boolean;
  /** Its hub link has a queue tree: frames for it must not bypass that. */
  readonly queued: boolean;
  /**
   * flowlet: flows leave their buckets' slices where they cannot overtake themselves; stripe: each packet by the slice
   * that lets it out first. Absent: by the buckets alone.
   */
  readonly choice?: "flowlet" | "stripe";
  /** Its NICs changed a moment ago: frames to its MACs are taken on every NIC. */
  readonly moving?: true;
  /** Its device is a macvtap: frames only get their class, and no station answers for it. */
  readonly macvtap?: MacvtapPlace;
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
  /** Its limits, at which the virtual queues drain; 0 where there are none (no latency goal, no `choice`), so that a new limit alone changes no map. */
  readonly egress: BitsPerSecond;
  readonly ingress: BitsPerSecond;
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
  /** The trunk that stands for the NIC; absent: the NIC's own link. */
  readonly link?: string;
}
/** from_wire on the hub's end of the trunk, to_nic on its other end, from_nic on the NIC. */
export interface DomainFilter extends MayBeStale {
  readonly nicSlot: number;
  readonly device: string;
  readonly peer: string;
}
/** What it hands on is told by the frames' mark. */
export interface SpineFilter extends MayBeStale {
  readonly spine: SpineId;
}
export interface VifFilter extends MayBeStale {
  readonly vifSlot: number;
  /** from_macvtap on the egress side, instead of from_guest on the ingress side. */
  readonly macvtap?: MacvtapPlace;
}

/** A hub without anything of GONA's. */
export const EMPTY_HUB: HubState = {
  vifLinks: new Map(),
  spines: new Map(),
  bypasses: new Map(),
  trunks: new Map(),
  nics: new Map(),
  trees: new Map(),
  slices: new Map(),
  trafficRules: new Map(),
  vifs: new Map(),
  stations: new Map(),
  addresses: new Map(),
  segments: new Map(),
  domainFilters: new Map(),
  nicFilters: new Map(),
  spineFilters: new Map(),
  vifFilters: new Map(),
};
