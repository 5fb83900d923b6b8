import { type BitsPerSecond, bitsPerSecond, megabitsPerSecond, minRate, scaleRate } from "./units.ts";

/**
 * What the host's own traffic is assured on a NIC whose spec is silent: 1 % of the capacity, at
 * least 1 Mbit/s, at most half of a NIC slower than that.
 */
export function defaultHostReserve(capacity: BitsPerSecond): BitsPerSecond {
  const wanted = bitsPerSecond(Math.max(scaleRate(capacity, 0.01), megabitsPerSecond(1)));
  return minRate(wanted, scaleRate(capacity, 0.5));
}
