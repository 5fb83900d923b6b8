import type { Direction, Kind } from "../qos-bed/qos-bed.ts";

/** Rates that are measured at the same time, each with a guest and a NIC of its own, under one kind of traffic. */
export interface Batch {
  /** Indexes into RATES. */
  readonly rates: readonly number[];
  readonly traffic: Traffic;
  readonly direction: Direction;
  readonly settleMs: number;
  readonly windowMs: number;
  /** The other shapers are measured too. */
  readonly compared: boolean;
}

export interface Traffic {
  readonly words: string;
  /** Mbit/s up to which one core's sender fills the queue. */
  readonly upTo: number;
  readonly kind: (limitBitsPerSecond: number) => Kind;
}

/** Mbit/s. */
export const RATES: readonly number[] = [1, 3.7, 10, 47, 100, 333, 1000, 2000, 5000, 8000];
/** UDP is sent so much faster than it may leave. */
export const OFFERED = 1.2;
/**
 * A socket has 92 full datagrams under way at most (SO_SNDBUF, as containers have it), a millisecond of 1 Gbit/s: one
 * alone would let the queue run dry.
 */
const UDP_FLOWS = 4;

const tcp = (congestion: "cubic" | "bbr", flows: number): Traffic => ({
  words: `${congestion} x ${flows}`,
  upTo: Number.POSITIVE_INFINITY,
  kind: () => ({ kind: "tcp", congestion, flows }),
});
const udp = (datagramBytes: number, upTo: number): Traffic => ({
  words: `UDP ${datagramBytes}`,
  upTo,
  kind: (limit) => ({ kind: "udp", datagramBytes, bitsPerSecond: limit * OFFERED, flows: UDP_FLOWS }),
});

const CUBIC1 = tcp("cubic", 1);
const CUBIC8 = tcp("cubic", 8);
const UDP1400 = udp(1400, 2000);
const ALL: readonly Traffic[] = [CUBIC1, CUBIC8, tcp("bbr", 1), tcp("bbr", 8), udp(200, 333), UDP1400];
const DIRECTIONS: readonly Direction[] = ["egress", "ingress"];

/** The five lowest rates together are 162 Mbit/s: they share the machine without seeing each other. */
const LOW = [0, 1, 2, 3, 4];
const HIGH = [5, 6, 7, 8, 9];
const QUICK_HIGH = [6];
/** The kinds and the single rates at which the others are measured too: the whole field would take half an hour. */
const COMPARED_TRAFFIC: ReadonlySet<Traffic> = new Set([CUBIC1, CUBIC8, UDP1400]);
const COMPARED_RATES: ReadonlySet<number> = new Set([6, 8]);

export function batches(quick: boolean): readonly Batch[] {
  const traffics = quick ? [CUBIC8, UDP1400] : ALL;
  const comparedTraffic = quick ? new Set([CUBIC8]) : COMPARED_TRAFFIC;
  const singles = quick ? QUICK_HIGH : HIGH;
  return DIRECTIONS.flatMap((direction) =>
    traffics.flatMap((traffic): Batch[] => [
      {
        rates: LOW,
        traffic,
        direction,
        settleMs: quick ? 1000 : 2000,
        windowMs: quick ? 2000 : 5500,
        compared: comparedTraffic.has(traffic),
      },
      ...singles
        .filter((rate) => (RATES[rate] ?? 0) <= traffic.upTo)
        .map((rate) => ({
          rates: [rate],
          traffic,
          direction,
          settleMs: 1000,
          windowMs: quick ? 1500 : 3000,
          compared: comparedTraffic.has(traffic) && COMPARED_RATES.has(rate),
        })),
    ]),
  );
}
