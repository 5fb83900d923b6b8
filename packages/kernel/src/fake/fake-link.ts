import type { LinkState } from "../kernel.ts";
import { FakeQueues } from "./fake-queues.ts";

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
  readonly ifindex: number;
  readonly kind: string;
  readonly peerElsewhere: boolean;
  readonly peer: FakePeer | undefined;
  /** The other end of a pair in this namespace. */
  twin: FakeLink | undefined;
  readonly queues: FakeQueues;
  mac: string;
  mtu: number;
  up: boolean;
  cable: boolean;
  promiscuous = false;
  txQueueLength = 1000;
  alias = "";
  master: string | undefined;
  counters = { txBytes: 0n, rxBytes: 0n, txPackets: 0n, rxPackets: 0n, txDropped: 0n, rxDropped: 0n };

  constructor(options: FakeLinkOptions, ifindex: number, peer?: FakePeer) {
    this.name = options.name;
    this.ifindex = ifindex;
    this.kind = options.kind ?? "";
    this.queues = new FakeQueues(options.tcOffload);
    this.mac = options.mac ?? `02:00:00:00:${hexByte(ifindex >> 8)}:${hexByte(ifindex)}`;
    this.mtu = options.mtu ?? 1500;
    this.up = options.up ?? false;
    this.cable = options.carrier ?? true;
    this.peerElsewhere = options.peerElsewhere ?? false;
    this.master = options.master;
    this.peer = peer;
  }

  state(): LinkState {
    return {
      name: this.name,
      ifindex: this.ifindex,
      kind: this.kind,
      mac: this.mac,
      mtu: this.mtu,
      up: this.up,
      carrier: this.up && this.cable && (this.twin?.up ?? true),
      peerElsewhere: this.peerElsewhere,
      ...(this.twin === undefined ? {} : { peer: this.twin.name }),
      ...(this.alias === "" ? {} : { alias: this.alias }),
      ...(this.master === undefined ? {} : { master: this.master }),
      ...this.counters,
    };
  }
}

const hexByte = (value: number): string => (value & 0xff).toString(16).padStart(2, "0");
