import type { SequenceTotals } from "./sequence-account.ts";

/** Lines of JSON that the probe processes print. */
export type ProbeMessage =
  /** The socket is open: the other side may begin. */
  | { readonly kind: "ready" }
  | ({ readonly kind: "sequence" } & SequenceWindow)
  | { readonly kind: "sent"; readonly datagrams: number; readonly refused: number }
  | ({ readonly kind: "rtt" } & RttWindow);

/** Each 100 ms: totals so far, gaps of this window. */
export interface SequenceWindow extends SequenceTotals {
  /** End of the window, milliseconds since 1970. */
  readonly atMs: number;
  /** Longest time without a datagram, the sender's own pauses taken off. */
  readonly gapMs: number;
  /** The same with them. */
  readonly rawGapMs: number;
  /** Each time of more than 1 ms without a datagram, the sender's own pauses taken off. */
  readonly quiet: readonly QuietTime[];
  /** Nothing has come for so long, at the window's end. */
  readonly silenceMs: number;
  /** Datagrams in each 10 ms of the window. */
  readonly per10Ms: readonly number[];
}

/** Milliseconds since 1970. */
export interface QuietTime {
  readonly fromMs: number;
  readonly toMs: number;
  /** The sender's own pause before the datagram that ended it; `pauseFromMs` equals `pauseToMs` where it made none. */
  readonly pauseFromMs: number;
  readonly pauseToMs: number;
}

/** Round-trip times of one window, and of the whole run so far. */
export interface RttWindow {
  readonly atMs: number;
  readonly answered: number;
  readonly unanswered: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

export const WINDOW_MS = 100;
