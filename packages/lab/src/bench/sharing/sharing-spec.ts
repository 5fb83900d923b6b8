import type { BenchShare, BenchSpec } from "../qos-bed/bench-spec.ts";
import { CAPACITY_MEGABITS } from "./cases.ts";

/** `guests` guests on one NIC; those without a share of their own have what the language gives by itself. */
export const sharingSpec = (shares: readonly BenchShare[], guests: number): BenchSpec => ({
  nics: [{ name: "eth1", capacity: `${CAPACITY_MEGABITS}Mbit` }],
  guests: Array.from({ length: guests }, (_, guest) => ({
    name: `guest${guest}`,
    aggregate: { slices: [{ nic: "eth1", egress: shares[guest] ?? {} }] },
  })),
});
