/** What a load program sends; plain data, handed over as JSON. Addresses are IPv4 or IPv6 without prefix. */
export interface LoadPlan {
  readonly sources: readonly LoadSource[];
}

export type LoadSource = {
  /** For reports. */
  readonly name: string;
  /** Namespace of the sockets. */
  readonly netns: string;
  readonly from: string;
  /** Bound to this link too: where one namespace holds several guests. */
  readonly link?: string;
  readonly to: string;
  readonly port: number;
  readonly flows: number;
  /** Source port of the first flow, the others follow; chosen by the kernel without it. */
  readonly fromPort?: number;
} & (
  | {
      readonly kind: "tcp";
      readonly congestion: "cubic" | "bbr";
      /** Of each flow, where it is not to send all it can; payload, by TCP's own timer. */
      readonly paceBitsPerSecond?: number;
    }
  /** `bitsPerSecond`: of all flows together, L2. */
  | { readonly kind: "udp"; readonly datagramBytes: number; readonly bitsPerSecond: number }
);

/** Where a sink listens. */
export interface SinkPlan {
  readonly places: readonly { readonly netns: string; readonly address: string; readonly port: number }[];
}

/** Lines of JSON that the load programs print. */
export type LoadMessage =
  | { readonly kind: "ready" }
  /** L2 bytes that UDP sources handed over since the beginning, in the order of the sources; 0 for TCP. */
  | { readonly kind: "offered"; readonly atMs: number; readonly bytes: readonly number[] };

/** Ethernet, IPv4 and UDP headers of a datagram that needs no fragments. */
export const UDP_HEADER_BYTES = 14 + 20 + 8;
