import type { Completion } from "./completion-times.ts";
import { between, DATA_MINING, type FlowSizes, WEB_SEARCH } from "./flow-sizes.ts";

/** Where flows go from and to; addresses are IPv4 without prefix. */
export interface Ends {
  /** Namespace of the sockets. */
  readonly netns: string;
  readonly from: string;
  /** Source port of the first flow; the others follow, so that each variant hashes the same flows. */
  readonly fromPort: number;
  readonly to: string;
  readonly port: number;
  readonly seed: number;
}

/** A flow size distribution, as a plan names it. */
export const SIZES = {
  /** Flows up to 100 kB. */
  mice: between(WEB_SEARCH, 0, 100_000),
  webSearch: WEB_SEARCH,
  /** Its largest flows last longer than a round: left out, and the rows say so. */
  dataMining: between(DATA_MINING, 0, 100_000_000),
} as const satisfies Record<string, FlowSizes>;

/** TCP flows that begin at Poisson times, whether or not earlier ones are done. */
export interface FlowPlan extends Ends {
  readonly sizes: keyof typeof SIZES;
  /** Of payload. */
  readonly bitsPerSecond: number;
  readonly lastsMs: number;
  /** How long after the last arrival flows may go on. */
  readonly patienceMs: number;
}

/** Numbered UDP datagrams in bursts with gaps, of many flows. */
export interface BurstPlan extends Ends {
  /** Some send much, most little: the k-th in proportion to 1/k. */
  readonly flows: number;
  readonly packetsPerSecond: number;
  readonly meanBurst: number;
  readonly datagramBytes: number;
  /** Stands in each datagram. */
  readonly stream: number;
}

/** Where flows are received. */
export interface ReceivePlan {
  readonly netns: string;
  readonly address: string;
  readonly port: number;
}

/** Lines of JSON that the programs print. */
export type FlowMessage =
  | { readonly kind: "ready" }
  /** All flows that were done in time, and how many were not. */
  | { readonly kind: "completed"; readonly flows: readonly Completion[]; readonly unfinished: number }
  | { readonly kind: "sent"; readonly datagrams: number };
