import type { BpfMap, BpfProgram } from "./bpf-object.ts";
import type { HtbClass, KernelOp, Qdisc, TcHandle } from "./kernel-op.ts";
import type { VfState } from "./virtual-function.ts";
import type { MacvlanMode } from "./virtual-link.ts";

/**
 * All that GONA wants of Linux, in one network namespace (the hub's, or a domain's). LinuxKernel is
 * the real one, FakeKernel the one for tests; golden text of `snapshot` is equal for both.
 */
export interface Kernel extends Disposable {
  /**
   * Runs the operations in order and stops at the first that fails: throws KernelError whose
   * `index` is the place of that operation. What ran before it stays (the caller rolls back).
   * Yields to the event loop between chunks of operations.
   */
  run(ops: readonly KernelOp[]): Promise<void>;
  links(): readonly LinkState[];
  link(name: string): LinkState | undefined;
  /** Of one link, or of all. */
  qdiscs(link?: string): readonly QdiscState[];
  /** HTB classes of one link, with counters. */
  classes(link: string): readonly ClassState[];
  /**
   * The counters alone of the HTB classes of one link, or of the one class that is named (none where
   * it is not there), cheaper than `classes`. The classes of leaves come too, under other major numbers.
   */
  classCounters(link: string, sink: ClassCounterSink, classid?: TcHandle): void;
  /** BPF classifiers on clsact of one link; on its ingress side unless asked for the other. */
  filters(link: string, hook?: "egress"): readonly FilterState[];
  /** The virtual functions of a NIC; none where it has no SR-IOV or none is enabled. */
  vfs(link: string): readonly VfState[];
  /** Throws KernelError when no object is loaded or it has no such map. */
  map(name: string): BpfMap;
  program(name: string): BpfProgram;
  /** Calls back on each new, changed or deleted link, and `overrun` when messages were lost. */
  watchLinks(listener: (event: LinkEvent) => void): Disposable;
}

export interface LinkState {
  readonly name: string;
  /** Stays inside `kernel` and `dataplane`. */
  readonly ifindex: number;
  /** The driver domain where it is, of a PlacedKernel; absent: in the kernel's own namespace. */
  readonly domain?: string;
  /** IFLA_INFO_KIND (`veth`, `bridge`, `tun`); empty for hardware. */
  readonly kind: string;
  readonly mac: string;
  readonly mtu: number;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  /** IFF_LOWER_UP: a cable with life in it. */
  readonly carrier: boolean;
  /** The other end lies in another namespace (IFLA_LINK_NETNSID is given). */
  readonly peerElsewhere: boolean;
  /** The other end of a veth pair where that is in this namespace. */
  readonly peer?: string;
  /** What `linkSet` or the administrator noted about it (IFLA_IFALIAS); absent where empty. */
  readonly alias?: string;
  /** The link of this namespace that a macvlan or macvtap is on, and how it treats its neighbours there. */
  readonly lower?: string;
  readonly macvlan?: MacvlanMode;
  /** Name of the bridge, bond or team that it is a port of. */
  readonly master?: string;
  readonly txBytes: bigint;
  readonly rxBytes: bigint;
  readonly txPackets: bigint;
  readonly rxPackets: bigint;
  readonly txDropped: bigint;
  readonly rxDropped: bigint;
}

export interface QdiscState {
  readonly link: string;
  readonly parent: TcHandle;
  readonly handle: TcHandle;
  readonly qdisc: Qdisc;
  /** Packets dropped in it and below it, counted in 32 bits; absent: not told. */
  readonly drops?: number;
}

export interface ClassState {
  readonly link: string;
  readonly parent: TcHandle;
  readonly classid: TcHandle;
  /** Handle of the qdisc grafted below a leaf; 0 where there is none. */
  readonly leaf: TcHandle;
  readonly htb: HtbClass;
  readonly sent: {
    readonly bytes: bigint;
    readonly packets: bigint;
    readonly drops: bigint;
    readonly backlogBytes: bigint;
  };
}

/** Takes the counters of a link's classes, one class at a time. */
export interface ClassCounterSink {
  /** Before the first; also when the kernel had to begin anew: what was taken before is void. */
  begin(): void;
  /**
   * Numbers are exact below 2^53. `ceilTokens`: credit under the class's ceil when it last sent, in
   * ticks of 64 ns; negative where its ceil holds it back.
   */
  take(classid: number, bytes: number, packets: number, drops: number, backlogBytes: number, ceilTokens: number): void;
}

export interface FilterState {
  readonly link: string;
  readonly preference: number;
  /** Name of the BPF program as the kernel holds it (15 bytes) or as attached (TCA_BPF_NAME). */
  readonly program: string;
  readonly programId: number;
  readonly classid: number;
}

export type LinkEvent =
  | { readonly kind: "changed"; readonly link: LinkState }
  | { readonly kind: "deleted"; readonly name: string; readonly ifindex: number; readonly domain?: string }
  /** Messages were lost, or for another `reason` all links are to be listed anew. */
  | { readonly kind: "overrun"; readonly reason?: string };
