import type { LinkState } from "../kernel.ts";
import type { KernelOp } from "../kernel-op.ts";
import { parseMac } from "../netlink/link-codec.ts";
import type { MacvlanMode } from "../virtual-link.ts";
import { FakeQueues } from "./fake-queues.ts";
import { FakeVfs, type FakeVfsOptions } from "./fake-vfs.ts";

export interface FakeLinkOptions {
  readonly name: string;
  /** Empty, as hardware says, unless given. */
  readonly kind?: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly up?: boolean;
  /** Life in the cable; what `carrier` shows while the link is up. True unless given. */
  readonly carrier?: boolean;
  readonly peerElsewhere?: boolean;
  readonly master?: string;
  /** Has hw-tc-offload on and carries out HTB trees. */
  readonly tcOffload?: boolean;
  /** Has SR-IOV. */
  readonly sriov?: FakeVfsOptions;
  /** Of a macvtap. */
  readonly macvlan?: MacvlanMode;
  readonly lower?: FakeLink;
  readonly alias?: string;
}

/** The far end of a veth pair, in another namespace. */
export interface FakePeer {
  readonly netns: string;
  readonly name: string;
  readonly mac: string;
  readonly addresses: readonly string[];
}

/** A link of the fake kernel with its queues. */
export class FakeLink {
  readonly name: string;
  ifindex: number;
  /** The namespace that it is in. */
  netns: string;
  readonly kind: string;
  readonly #peerElsewhere: boolean;
  readonly #tcOffload: boolean | undefined;
  readonly peer: FakePeer | undefined;
  /** The other end of a pair, in whatever namespace of the fake's. */
  twin: FakeLink | undefined;
  /** The link that a macvtap is on; it goes when that does. */
  readonly lower: FakeLink | undefined;
  readonly macvlan: MacvlanMode | undefined;
  readonly vfs: FakeVfs | undefined;
  queues: FakeQueues;
  mac: string;
  mtu: number;
  up: boolean;
  cable: boolean;
  promiscuous = false;
  txQueueLength = 1000;
  alias: string;
  master: string | undefined;
  counters = { txBytes: 0n, rxBytes: 0n, txPackets: 0n, rxPackets: 0n, txDropped: 0n, rxDropped: 0n };

  constructor(options: FakeLinkOptions, netns: string, ifindex: number, peer?: FakePeer) {
    this.name = options.name;
    this.netns = netns;
    this.ifindex = ifindex;
    this.kind = options.kind ?? "";
    this.#tcOffload = options.tcOffload;
    this.queues = new FakeQueues(options.tcOffload);
    this.mac = options.mac ?? `02:00:00:00:${hexByte(ifindex >> 8)}:${hexByte(ifindex)}`;
    this.mtu = options.mtu ?? 1500;
    this.up = options.up ?? false;
    this.cable = options.carrier ?? true;
    this.#peerElsewhere = options.peerElsewhere ?? false;
    this.master = options.master;
    this.peer = peer;
    this.macvlan = options.macvlan;
    this.lower = options.lower;
    this.alias = options.alias ?? "";
    this.vfs = options.sriov && new FakeVfs(options.sriov);
  }

  /** Into another namespace: down, no port of anything, without queues and filters. */
  moveTo(netns: string, ifindex: number): void {
    this.netns = netns;
    this.ifindex = ifindex;
    this.up = false;
    this.master = undefined;
    this.queues = new FakeQueues(this.#tcOffload);
  }

  /** Throws RangeError for a MAC that is none. */
  change(op: Extract<KernelOp, { op: "linkSet" }>): void {
    if (op.mac !== undefined) parseMac(op.mac);
    this.mac = op.mac ?? this.mac;
    this.mtu = op.mtu ?? this.mtu;
    this.txQueueLength = op.txQueueLength ?? this.txQueueLength;
    this.alias = op.alias ?? this.alias;
    this.promiscuous = op.promiscuous ?? this.promiscuous;
    this.up = op.up ?? this.up;
  }

  state(): LinkState {
    const isApart = this.twin !== undefined && this.twin.netns !== this.netns;
    return {
      name: this.name,
      ifindex: this.ifindex,
      kind: this.kind,
      mac: this.mac,
      mtu: this.mtu,
      up: this.up,
      carrier: this.up && this.cable && (this.twin?.up ?? true) && (this.lower?.state().carrier ?? true),
      peerElsewhere: this.#peerElsewhere || isApart,
      ...(this.twin === undefined || isApart ? {} : { peer: this.twin.name }),
      ...(this.alias === "" ? {} : { alias: this.alias }),
      ...(this.macvlan === undefined ? {} : { macvlan: this.macvlan }),
      ...(this.lower === undefined ? {} : { lower: this.lower.name }),
      ...(this.master === undefined ? {} : { master: this.master }),
      ...this.counters,
    };
  }
}

const hexByte = (value: number): string => (value & 0xff).toString(16).padStart(2, "0");
