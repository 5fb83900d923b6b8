import type { VfChange } from "./virtual-function.ts";
import type { MacvlanMode } from "./virtual-link.ts";

/**
 * One change of the kernel's state as plain data. A link is named, never numbered: it is looked up
 * in the hub's namespace when the operation runs.
 */
export type KernelOp =
  | {
      readonly op: "vethCreate";
      readonly link: string;
      /** `netns` is a name below /run/netns or an absolute path; addresses with prefix length. The peer is set up. */
      readonly peer: {
        readonly netns: string;
        readonly name: string;
        readonly mac: string;
        readonly addresses: readonly string[];
      };
    }
  /**
   * A pair, both ends up, without IPv6 addresses of the kernel's making. The peer receives each flow on one
   * CPU, so that it stays in order; of a pair that joins two namespaces both ends do.
   */
  | {
      readonly op: "vethPairCreate";
      readonly link: string;
      readonly peer: string;
      /** Of both ends. */
      readonly mtu: number;
      /** Where the peer is: a name below /run/netns or an absolute path; absent: in this namespace. */
      readonly netns?: string;
    }
  /** A macvtap on a link of this namespace, down, without an IPv6 address of the kernel's making, with its label: both or nothing. */
  | {
      readonly op: "macvtapCreate";
      readonly link: string;
      readonly lower: string;
      readonly mode: MacvlanMode;
      readonly mac: string;
      /** LinkState.alias. */
      readonly alias: string;
    }
  /** Of a virtual function of `link`; what is not named stays. A driver may take one part and refuse the next. */
  | ({ readonly op: "vfSet"; readonly link: string } & VfChange)
  | { readonly op: "linkDelete"; readonly link: string }
  /** Into another namespace, down and without its queues, filters and addresses. To one of the process's: `/proc/PID/ns/net`. */
  | { readonly op: "linkMove"; readonly link: string; readonly netns: string }
  | {
      readonly op: "linkSet";
      readonly link: string;
      readonly up?: boolean;
      readonly promiscuous?: boolean;
      readonly mac?: string;
      readonly mtu?: number;
      readonly txQueueLength?: number;
      /** At most 255 bytes; read back as LinkState.alias. */
      readonly alias?: string;
    }
  | {
      readonly op: "qdiscReplace";
      readonly link: string;
      readonly parent: TcHandle;
      readonly handle: TcHandle;
      readonly qdisc: Qdisc;
    }
  | { readonly op: "qdiscDelete"; readonly link: string; readonly parent: TcHandle; readonly handle: TcHandle }
  | {
      readonly op: "classReplace";
      readonly link: string;
      readonly parent: TcHandle;
      readonly classid: TcHandle;
      readonly htb: HtbClass;
    }
  | { readonly op: "classDelete"; readonly link: string; readonly classid: TcHandle }
  /** A BPF classifier in direct-action mode on clsact; atomically replaces what has the same preference. */
  | {
      readonly op: "filterReplace";
      readonly link: string;
      /** Absent: ingress. */
      readonly hook?: "egress";
      readonly preference: number;
      readonly program: string;
      readonly classid: number;
    }
  | { readonly op: "filterDelete"; readonly link: string; readonly preference: number }
  | { readonly op: "mapPut"; readonly map: string; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly op: "mapDelete"; readonly map: string; readonly key: Uint8Array };

/** major << 16 | minor, unsigned. */
export type TcHandle = number & { readonly __tcHandle: true };
export const tcHandle = (major: number, minor: number): TcHandle => (((major << 16) | minor) >>> 0) as TcHandle;
export const TC_ROOT = 0xffffffff as TcHandle;
/** Parent of clsact; its handle is ffff:0. */
export const TC_CLSACT = 0xfffffff1 as TcHandle;
/** `a09a:10`, as tc prints it. */
export const formatTcHandle = (handle: TcHandle): string =>
  handle === TC_ROOT
    ? "root"
    : `${(handle >>> 16).toString(16)}:${handle & 0xffff ? (handle & 0xffff).toString(16) : ""}`;

export type Qdisc =
  /**
   * defaultMinor: the class of what has no class; directQueueLength in packets. offload: the NIC carries
   * it out; it is refused with EOPNOTSUPP where it cannot, and is no property that can be changed.
   */
  | {
      readonly kind: "htb";
      readonly defaultMinor: number;
      readonly directQueueLength: number;
      readonly offload?: true;
    }
  | { readonly kind: "clsact" }
  | { readonly kind: "bfifo"; readonly limitBytes: number }
  | { readonly kind: "pfifo"; readonly limitPackets: number }
  /** bufferTicks: depth as time at `rate`, in 64 ns ticks. */
  | {
      readonly kind: "tbf";
      readonly rateBytesPerSecond: number;
      readonly bufferTicks: number;
      readonly limitBytes: number;
    }
  | {
      readonly kind: "fq_codel";
      readonly limitPackets: number;
      /** Queues that flows are hashed to; the kernel refuses (EINVAL) to be told of them in a change. Absent on the way in: as it is, or 1024. */
      readonly flows?: number;
      /** Both are held in steps of 1.024 us, and read back rounded down. */
      readonly targetUs: number;
      readonly intervalUs: number;
      readonly quantumBytes: number;
      /** Of what waits, as the kernel counts memory. */
      readonly memoryLimitBytes: number;
      readonly ecn: boolean;
    }
  /** Lets each packet go at its skb->tstamp. All else stays the kernel's default. */
  | { readonly kind: "fq"; readonly limitPackets: number; readonly flowLimitPackets: number }
  /** Read back only: a qdisc that GONA does not make. */
  | { readonly kind: "other"; readonly name: string };

export interface HtbClass {
  /** 64-bit in the kernel; exact up to 2^53. */
  readonly rateBytesPerSecond: number;
  readonly ceilBytesPerSecond: number;
  /** Depth of the token buckets as time at rate and at ceil, in ticks of 64 ns (PSCHED_SHIFT 6), u32. */
  readonly bufferTicks: number;
  readonly cbufferTicks: number;
  readonly quantumBytes: number;
  /** 0 first, 7 last. */
  readonly priority: number;
  /**
   * The NIC carries the tree out (read back; on the way in the tree decides). Such a class takes no
   * overhead, and drivers (mlx5) want quantumBytes 0 and priority 0; the kernel then derives a quantum.
   */
  readonly offload?: true;
  /** Added to each packet that is charged, a GSO packet once; 1 to 65,535; absent: none. */
  readonly overheadBytes?: number;
}
