import type { BenchShare } from "../qos-bed/bench-spec.ts";
import type { Kind } from "../qos-bed/qos-bed.ts";

/** How guests share one NIC, each with its traffic; undefined: it has nothing to send. */
export interface SharingCase {
  readonly name: string;
  readonly guests: readonly { readonly share: BenchShare; readonly sends?: Kind }[];
  readonly judged: Judged;
  /** Also by HTB with the bursts and quanta that tc chooses, the same rates. */
  readonly compared?: boolean;
}

export type Judged =
  /** All get the same; Jain's index of those who send. */
  | { readonly kind: "equal" }
  /** Each gets the part that its shares give. */
  | { readonly kind: "weights" }
  /** Each gets at least its reservation. */
  | { readonly kind: "reservations" }
  /** Together they use all of the NIC. */
  | { readonly kind: "utilisation" };

export const CAPACITY_MEGABITS = 1000;
export const MOST_GUESTS = 8;

const tcp = (flows: number, congestion: "cubic" | "bbr" = "cubic"): Kind => ({ kind: "tcp", congestion, flows });
/** As much again as the whole NIC takes. */
const blaster: Kind = { kind: "udp", datagramBytes: 1400, bitsPerSecond: 1.5e9, flows: 4 };
const equal = (...traffics: readonly Kind[]): SharingCase["guests"] => traffics.map((sends) => ({ share: {}, sends }));

export const SHARING_CASES: readonly SharingCase[] = [
  {
    name: "2 guests, TCP x 1 against TCP x 16",
    guests: equal(tcp(1), tcp(16)),
    judged: { kind: "equal" },
    compared: true,
  },
  {
    name: "2 guests, TCP x 1 against a UDP blaster",
    guests: equal(tcp(1), blaster),
    judged: { kind: "equal" },
    compared: true,
  },
  {
    name: "8 guests, TCP x 1, x 16, x 8, BBR x 1, x 4, UDP blaster",
    guests: equal(tcp(1), tcp(16), tcp(1), tcp(8), tcp(1, "bbr"), tcp(4, "bbr"), tcp(2), blaster),
    judged: { kind: "equal" },
  },
  {
    name: "2 guests, shares 1 to 3, TCP x 8",
    guests: [100, 300].map((shares) => ({ share: { shares }, sends: tcp(8) })),
    judged: { kind: "weights" },
    compared: true,
  },
  {
    name: "8 guests, shares 1 to 8, TCP x 4",
    guests: [1, 2, 3, 4, 5, 6, 7, 8].map((shares) => ({ share: { shares: shares * 100 }, sends: tcp(4) })),
    judged: { kind: "weights" },
  },
  {
    name: "8 guests, 85 % reserved, two UDP blasters",
    guests: [
      { share: { reserve: "400Mbit" }, sends: tcp(1) },
      { share: { reserve: "200Mbit" }, sends: tcp(4) },
      { share: { reserve: "100Mbit" }, sends: tcp(16) },
      { share: { reserve: "50Mbit" }, sends: tcp(1) },
      { share: { reserve: "50Mbit" }, sends: tcp(1, "bbr") },
      { share: { reserve: "50Mbit" }, sends: tcp(2) },
      { share: {}, sends: blaster },
      { share: {}, sends: blaster },
    ],
    judged: { kind: "reservations" },
  },
  {
    name: "1 of 8 guests sends, TCP x 1",
    guests: Array.from({ length: 8 }, (_, guest) => ({
      share: { reserve: "100Mbit" },
      ...(guest === 0 && { sends: tcp(1) }),
    })),
    judged: { kind: "utilisation" },
    compared: true,
  },
  {
    name: "3 of 8 guests send, TCP x 4",
    guests: Array.from({ length: 8 }, (_, guest) => ({
      share: { reserve: "100Mbit" },
      ...(guest < 3 && { sends: tcp(4) }),
    })),
    judged: { kind: "utilisation" },
  },
];
