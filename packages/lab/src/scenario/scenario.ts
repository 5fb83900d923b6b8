import type { BitsPerSecond, DomainId, FabricId, GuestId, HostSpec, Milliseconds, NicId, Ratio } from "@gona/model";

/** A lab: what stands on the table, what is sent, what happens, and what must come of it. */
export interface Scenario {
  /** The file's name without its ending; part of every namespace's name. */
  readonly name: string;
  readonly file: string;
  readonly title: string;
  /** A paragraph for a reader who sees GONA for the first time. */
  readonly about: string;
  /** What the daemon is started with. */
  readonly spec: LabSpec;
  /** What an `apply` event may name. */
  readonly specs: ReadonlyMap<string, LabSpec>;
  readonly peers: readonly Peer[];
  /** Those that are not a plain learning switch. */
  readonly switches: ReadonlyMap<FabricId, FabricSwitch>;
  /** With prefix length, by guest; where the scenario is silent, those of the spec with /24 and /64. */
  readonly addresses: ReadonlyMap<GuestId, readonly string[]>;
  readonly traffic: ReadonlyMap<string, Traffic>;
  readonly phases: readonly Phase[];
}

/** A GONA spec inside a scenario. */
export interface LabSpec {
  readonly host: HostSpec;
  /** YAML as the daemon gets it, before the guests' namespaces are renamed to the lab's. */
  readonly text: string;
}

/** A machine behind the switch of a fabric. */
export interface Peer {
  readonly name: string;
  readonly fabric: FabricId;
  /** With prefix length. */
  readonly addresses: readonly string[];
  /** VLAN of its switch port; 0: none. */
  readonly vlan: number;
}

/** Open vSwitch with its userspace datapath; it bundles the ports of NICs by LACP, at this rate, or leaves them apart. */
export interface FabricSwitch {
  readonly kind: "ovs";
  readonly lacp: "fast" | "slow" | "off";
}

/** `from` and `to` are guests or peers. */
interface Between {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly family: 4 | 6;
}

export type Traffic = Between &
  (
    | { readonly kind: "tcp"; readonly flows: number; readonly congestion: string; readonly limit?: BitsPerSecond }
    | { readonly kind: "udp"; readonly rate: BitsPerSecond; readonly datagramBytes: number; readonly flows: number }
    | { readonly kind: "probe"; readonly perSecond: number; readonly datagramBytes: number }
    | { readonly kind: "rtt"; readonly perSecond: number; readonly datagramBytes: number }
  );

export interface Phase {
  readonly title: string;
  /** What the reader is to see, one or two sentences. */
  readonly say: string;
  readonly lasts: Milliseconds;
  /** Left out at the beginning of the phase when rates are judged: queues fill, TCP finds its rate. */
  readonly settle: Milliseconds;
  /** What runs during the phase; what ran before and is not named here stops. */
  readonly traffic: readonly string[];
  readonly events: readonly TimedEvent[];
  readonly expect: readonly Expectation[];
}

export interface TimedEvent {
  /** From the beginning of the phase. */
  readonly at: Milliseconds;
  readonly event: LabEvent;
}

/**
 * Of a domain that is a namespace: its agent is killed or hangs (SIGKILL, SIGSTOP), its name below /run/netns is deleted,
 * or all that holds it ends, so that it is gone with the NICs in it (plug them in again: a physical NIC comes back to the
 * hub). The daemon holds it too; kill that before. Of one that is a virtual machine: QEMU is killed or stopped, its kernel
 * panics, or runs out of memory.
 */
export const DOMAIN_CRASHES = {
  netns: ["agent-killed", "agent-hung", "name-deleted", "namespace-gone"],
  vm: ["vm-killed", "vm-hung", "vm-panicked", "vm-out-of-memory"],
} as const;
export type DomainCrash = (typeof DOMAIN_CRASHES)[keyof typeof DOMAIN_CRASHES][number];

export type LabEvent =
  /** The switch's end goes down: the NIC loses its carrier. */
  | { readonly kind: "cut"; readonly nic: NicId }
  | { readonly kind: "heal"; readonly nic: NicId }
  /** The NIC is gone from the host, as when its driver is unbound. */
  | { readonly kind: "unplug"; readonly nic: NicId }
  | { readonly kind: "plug"; readonly nic: NicId }
  /** The path dies behind a living carrier: the switch's port forwards nothing any more, either way. */
  | { readonly kind: "silence"; readonly nic: NicId }
  | { readonly kind: "mend"; readonly nic: NicId }
  /** `gona drain`, to its end. */
  | { readonly kind: "drain"; readonly nic: NicId }
  | { readonly kind: "undrain"; readonly nic: NicId }
  /** Something of a driver domain fails, by itself or by somebody's hand. */
  | { readonly kind: "crash"; readonly domain: DomainId; readonly by: DomainCrash }
  /** SIGKILL. */
  | { readonly kind: "killDaemon" }
  | { readonly kind: "startDaemon" }
  | { readonly kind: "apply"; readonly spec: string };

export type Expectation =
  /** Delivered is the limit, give or take. */
  | { readonly kind: "limit"; readonly slice: SliceName; readonly within: Ratio }
  /** Delivered is at least the reservation, less `within`. */
  | { readonly kind: "reserve"; readonly slice: SliceName; readonly within: Ratio }
  /** Delivered is `rate`, give or take. */
  | { readonly kind: "rate"; readonly slice: SliceName; readonly rate: BitsPerSecond; readonly within: Ratio }
  /** What a guest gets or sends over all its NICs together, give or take; what it gets is counted at its own link. */
  | {
      readonly kind: "total";
      readonly guest: GuestId;
      readonly direction: "egress" | "ingress";
      readonly rate: BitsPerSecond;
      readonly within: Ratio;
    }
  /** How unevenly a guest's NICs are used: its busiest slice's part of its limit less its idlest one's, of their mean. */
  | {
      readonly kind: "spread";
      readonly guest: GuestId;
      readonly direction: "egress" | "ingress";
      readonly within: Ratio;
    }
  /**
   * At the end of the phase every peer that knows the guest knows it by a MAC of one of its slices (ARP and ND
   * tables), and its switch has that MAC behind the slice's own NIC, or behind one of `by`.
   */
  | { readonly kind: "tables"; readonly guest: GuestId; readonly by?: readonly NicId[] }
  /** Within some seconds of the phase's end the NIC's LACP port is in this state, the switch agreeing, or reports this problem. */
  | { readonly kind: "lacp"; readonly nic: NicId; readonly state?: string; readonly problem?: string }
  /** 99 of 100 questions were answered within so long, since the traffic began. */
  | { readonly kind: "roundTrip"; readonly probe: string; readonly p99: Milliseconds }
  | {
      readonly kind: "probe";
      readonly probe: string;
      /** Longest time without a packet. */
      readonly gap?: Milliseconds;
      readonly lost?: number;
      readonly reordered?: number;
      readonly duplicated?: number;
    }
  /** No MAC came in by two ports of a switch. Not for phases in which a NIC fails: then MACs move. */
  | { readonly kind: "stableMacs" }
  /** The driver domain works at the end of the phase, or soon after, and was restarted so often since the daemon began. */
  | { readonly kind: "domain"; readonly domain: DomainId; readonly restarts?: number }
  /** The daemon says at the end of the phase that the kernel is as the spec wants it. */
  | { readonly kind: "converged" };

/** A guest's share of one NIC, `web1@eth1` in a scenario. */
export interface SliceName {
  readonly guest: GuestId;
  readonly nic: NicId;
}
export const formatSlice = (slice: SliceName): string => `${slice.guest}@${slice.nic}`;
