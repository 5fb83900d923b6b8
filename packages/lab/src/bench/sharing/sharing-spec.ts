import type { BenchShare, BenchSpec } from "../qos-bed/bench-spec.ts";
import { CAPACITY_MEGABITS } from "./cases.ts";

/** `guests` guests on one NIC; those without a share of their own have what the language gives by itself. */
export const sharingSpec = (shares: readonly BenchShare[], guests: number): BenchSpec => ({
  // What the host's class leaves unused goes evenly, not by shares: it has next to nothing here.
  nics: [{ name: "eth1", capacity: `${CAPACITY_MEGABITS}Mbit`, host: { reserve: "1Mbit", shares: 1 } }],
  guests: Array.from({ length: guests }, (_, guest) => ({
    name: `guest${guest}`,
    aggregate: { slices: [{ nic: "eth1", egress: shares[guest] ?? {} }] },
  })),
});
