import { type BitsPerSecond, bitsPerSecond, MAX_BITS_PER_SECOND, type SliceShare } from "@gona/model";
import { assuredRate, type ShareScale } from "./htb-shape.ts";

/**
 * How shares become rates on one NIC in one direction; `room`: what all rates may add up to. HTB splits
 * what is spare by quantum, but single flows cannot keep a queue full through a long round, so most of
 * the spare is given as assured rate: reserve + ratePerShare x shares (DATAPATH.md B). What is left
 * goes by quantum, by the same shares.
 *
 * `ratePerShare` is coarse (1 or 1.5 times a power of two, x 8 bit/s) and stays while it still fits
 * and gives at least half of what could be given: so that one guest's change does not change every
 * class of the NIC.
 */
export function shareScale(room: BitsPerSecond, slices: readonly SliceShare[], before?: ShareScale): ShareScale {
  return {
    ratePerShare:
      before !== undefined && isStillGood(before.ratePerShare, room, slices)
        ? before.ratePerShare
        : freshRatePerShare(room, slices),
    sharesPerQuantum: sharesPerQuantum(slices),
  };
}

/** The rates per share that shareScale() would keep, the fresh one first. Never empty. */
export function goodRatesPerShare(room: BitsPerSecond, slices: readonly SliceShare[]): readonly BitsPerSecond[] {
  const fresh = freshRatePerShare(room, slices);
  const good = [fresh];
  for (let exponent = gridIndex(fresh) - 1; exponent >= 0; exponent--) {
    const lower = gridRate(exponent);
    if (!isStillGood(lower, room, slices)) break;
    good.push(lower);
  }
  return good;
}

/** Sum of what would be assured stays within `room`. */
function fits(ratePerShare: BitsPerSecond, room: BitsPerSecond, slices: readonly SliceShare[]): boolean {
  let sum = 0;
  for (const slice of slices) sum += assuredRate(slice, ratePerShare);
  return sum <= room;
}

function isStillGood(ratePerShare: BitsPerSecond, room: BitsPerSecond, slices: readonly SliceShare[]): boolean {
  if (ratePerShare === 0) return freshRatePerShare(room, slices) === 0;
  if (!fits(ratePerShare, room, slices)) return false;
  const twice = bitsPerSecond(Math.min(ratePerShare * 2, MAX_BITS_PER_SECOND));
  return !fits(twice, room, slices) || ratePerShare >= enoughForAll(slices);
}

/** Beyond it every slice has its limit assured and more changes nothing. */
function enoughForAll(slices: readonly SliceShare[]): number {
  let enough = 8;
  for (const slice of slices) enough = Math.max(enough, (slice.limit - slice.reserve) / slice.shares);
  return enough;
}

function freshRatePerShare(room: BitsPerSecond, slices: readonly SliceShare[]): BitsPerSecond {
  const enough = enoughForAll(slices);
  let index = 0;
  while (gridRate(index) < enough) index++;
  for (; index >= 0; index--) {
    const rate = gridRate(index);
    if (fits(rate, room, slices)) return rate;
  }
  return bitsPerSecond(0);
}

/** 8, 12, 16, 24, 32, 48 … bit/s; the last is above 1 Tbit/s and never wanted. */
const gridRate = (index: number): BitsPerSecond =>
  (index % 2 === 0 ? 8 * 2 ** (index / 2) : 12 * 2 ** ((index - 1) / 2)) as BitsPerSecond;

function gridIndex(rate: BitsPerSecond): number {
  let index = 0;
  while (gridRate(index) < rate) index++;
  return index;
}

/** A power of two at or below the smallest shares: it moves only when those halve or double. */
function sharesPerQuantum(slices: readonly SliceShare[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const slice of slices) least = Math.min(least, slice.shares);
  return Number.isFinite(least) ? 2 ** Math.floor(Math.log2(least)) : 64;
}
