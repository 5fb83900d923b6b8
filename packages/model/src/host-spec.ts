import type { DomainId, FabricId, GuestId, NicId, VifId } from "./ids.ts";
import type { BitsPerSecond, Bytes, Milliseconds, Ratio, Shares } from "./units.ts";

/**
 * The spec after parsing, checking and filling in what it leaves out. Immutable, in the order of
 * the file. Rates given in % are resolved against the capacity of the slice's NIC.
 */
export interface HostSpec {
  readonly domains: readonly DomainSpec[];
  readonly fabrics: readonly FabricSpec[];
  readonly nics: readonly NicSpec[];
  readonly guests: readonly GuestSpec[];
}

export type Isolation = "host" | "netns" | "vm" | "xen";

export interface DomainSpec {
  readonly name: DomainId;
  readonly isolation: Isolation;
  /** Kernel driver names (`ixgbe`) whose NICs move in. */
  readonly drivers: readonly string[];
  /** PCI addresses whose NICs move in, whatever their drivers. */
  readonly pci?: readonly string[];
  /** The CPUs that its process may run on (the agent, or QEMU), ascending. Absent: any. */
  readonly cpus?: readonly number[];
  /** Of isolation vm, and there always. */
  readonly machine?: MachineSpec;
}

/** A network card that a driver domain's virtual machine has for each NIC. */
export type MachineDevice = "e1000" | "rtl8139" | "vmxnet3" | "virtio" | "vfio";

/** The virtual machine of a driver domain. */
export interface MachineSpec {
  /** Emulated over the NIC's link, or `vfio`: the card itself. */
  readonly device: MachineDevice;
  readonly memory: Bytes;
  /** A second machine stands by, booted, and takes over when the first one is lost. */
  readonly spare: boolean;
}

/** How often a LACP partner is asked to send: each second (silent for 3 s: lost), or each 30 s (90 s). */
export type LacpRate = "fast" | "slow";

/** The layer-2 segment that NICs are plugged into. */
export interface FabricSpec {
  readonly name: FabricId;
  /** The switch bundles the NICs (LACP or static): one MAC may leave by any of them. */
  readonly lag: boolean;
  /** The bundle is negotiated by LACP, with PDUs at this rate asked of the switch. Absent: no lag, or a static one. */
  readonly lacp?: LacpRate;
  /** Absent: off, as with every lag, whose switch sends no member's frame to another. */
  readonly probe?: ProbeSpec;
}

/** How the paths behind living carriers are watched: small frames from each NIC of a fabric to the others. */
export interface ProbeSpec {
  readonly interval: Milliseconds;
  /** So many probes in a row, the later ones hurried, and the path is dead. */
  readonly lost: number;
}

export interface NicSpec {
  readonly name: NicId;
  /** HOST_DOMAIN where the spec names none. */
  readonly domain: DomainId;
  /** The spec names none: the domain that lists its driver, if one does. */
  readonly byHardware?: true;
  readonly fabric: FabricId;
  /** What the NIC may carry each way, L2 bytes. */
  readonly capacity: BitsPerSecond;
  /** How long a returned carrier must last before slices come back to it. */
  readonly failback: Milliseconds;
  /** What each frame costs on the wire beyond its L2 bytes (24 on Ethernet: preamble, checksum, gap); counted in every rate. */
  readonly overhead: Bytes;
  /** Whether the NIC itself carries the egress tree out: where it can and the spec fits, or else an error. Absent: no. */
  readonly offload?: "auto" | "on";
  /** Slices' egress limits are departure times, and nothing but limits is kept. Absent: HTB. */
  readonly shaper?: "edt";
  /** What the host's own and management traffic has. Absent: defaultHostReserve(), no limit, 100 shares. */
  readonly host?: SliceShare;
}

export interface GuestSpec {
  readonly name: GuestId;
  readonly vifs: readonly VifSpec[];
}

/**
 * A link of the hub (one that exists, or the macvtap that GONA makes where the slice's path says so), a veth pair
 * that GONA makes, or the virtual function that the slice's path names: whoever hands that to the guest knows it by
 * its PCI address.
 */
export type VifAttachment =
  | { readonly kind: "device"; readonly device: string }
  | { readonly kind: "create"; readonly netns: string; readonly name: string }
  | { readonly kind: "vf" };

export interface VifSpec {
  readonly id: VifId;
  readonly attachment: VifAttachment;
  /** Lower case, colon separated; unicast. */
  readonly mac: string;
  /** IPv4 or IPv6 without prefix length, canonical text; used for directed ARP/ND and spoof checks. */
  readonly addresses: readonly string[];
  /** Access VLAN 1 to 4094: tagged on the wire, untagged at the guest. 0: untagged on both. */
  readonly vlan: number;
  /** VLANs that the guest may send and receive tagged by itself. */
  readonly trunk: readonly number[];
  readonly antiSpoof: AntiSpoof;
  readonly aggregate: AggregateSpec;
}

export interface AntiSpoof {
  /** Drop frames (and ARP/ND payloads) whose source MAC is not the vif's. On unless switched off. */
  readonly mac: boolean;
  /** Drop IPv4/IPv6/ARP/ND whose source is not one of `addresses`. Off unless switched on. */
  readonly ip: boolean;
}

export type BalancePolicy = "flowlet" | "hash" | "active-backup" | "stripe";
export type OnNicLoss = "degrade" | "keep-reserve" | "stop";

export interface AggregateSpec {
  /** Empty where `want` leaves the choice to the planner. */
  readonly slices: readonly SliceSpec[];
  readonly want?: Want;
  readonly limit?: AggregateLimit;
  /** What a packet may wait in our queues; bulk flows are marked or dropped beyond it. */
  readonly latency?: Milliseconds;
  readonly balance: BalancePolicy;
  readonly onNicLoss: OnNicLoss;
  readonly classes: readonly TrafficClassSpec[];
}

/** Over all NICs together. */
export interface AggregateLimit {
  readonly egress?: BitsPerSecond;
  readonly ingress?: BitsPerSecond;
  /** What the guest sends to other guests of the host, which passes no NIC. */
  readonly local?: BitsPerSecond;
}

export interface SliceSpec {
  readonly nic: NicId;
  readonly egress: SliceShare;
  /** Absent: not shaped on the way in. */
  readonly ingress?: SliceShare;
  /** Absent: the hub's, through GONA's programs. */
  readonly path?: BypassSpec;
}

/** A device of the guest's own on the NIC. GONA sets it up and does not see its frames; macvtap's pass the NIC's queues. */
export type BypassSpec = VfSpec | MacvtapSpec;

/** An SR-IOV virtual function; the NIC itself limits what it sends. */
export interface VfSpec {
  readonly kind: "sriov";
  /** As `ip link set NIC vf NUMBER` counts, from 0. */
  readonly vf: number;
}

export interface MacvtapSpec {
  readonly kind: "macvtap";
  readonly mode: MacvtapMode;
}

/** Whether the macvtaps of one NIC reach each other (bridge) or not (private). */
export type MacvtapMode = "bridge" | "private";

/** reserve <= limit <= capacity of the NIC. */
export interface SliceShare {
  /** Guaranteed. */
  readonly reserve: BitsPerSecond;
  /** Never above. The NIC's capacity where the spec is silent. */
  readonly limit: BitsPerSecond;
  /** Weight in what is spare. */
  readonly shares: Shares;
}

/** What a guest wants to send; the planner chooses the slices. */
export interface Want {
  readonly reserve: BitsPerSecond;
  /** Over all slices together. */
  readonly limit?: BitsPerSecond;
  /** Weight in what is spare on each NIC, and in what there is where the wants do not all fit. */
  readonly shares: Shares;
  /** Where the slices may be. */
  readonly fabric: FabricId;
  /** NICs that may be lost with `reserve` still kept. */
  readonly survive: number;
}

export interface TrafficClassSpec {
  readonly name: string;
  readonly match: TrafficMatch;
  /** 0 first, 7 last. */
  readonly priority: number;
  readonly reserve?: ClassRate;
  readonly limit?: ClassRate;
  readonly latency?: Milliseconds;
  readonly remark?: Remark;
}

/** Code points that the class's packets leave with. At least one is there. */
export interface Remark {
  /** 0 to 63. */
  readonly dscp?: number;
  /** 0 to 7, of frames that leave tagged. */
  readonly pcp?: number;
}

/** Absolute over the aggregate, or a part of each slice. */
export type ClassRate =
  | { readonly kind: "absolute"; readonly rate: BitsPerSecond }
  | { readonly kind: "ofSlice"; readonly ratio: Ratio };

export interface TrafficMatch {
  /** DSCP code points, 0 to 63. */
  readonly dscp?: readonly number[];
  /** VLAN priorities, 0 to 7. */
  readonly pcp?: readonly number[];
  /** IP protocol number. */
  readonly protocol?: number;
  readonly ports?: readonly { readonly from: number; readonly to: number }[];
}
