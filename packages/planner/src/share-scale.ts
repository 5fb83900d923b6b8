import { type BitsPerSecond, bitsPerSecond, MAX_BITS_PER_SECOND, type SliceShare } from "@gona/model";
import { assuredRate, type ShareScale } from "./htb-shape.ts";

const STEPS_PER_OCTAVE = 128;
const KEPT_WITHIN = 1 + 1 / 32;
/** With so few slices every class may change with each guest: shares are exact then. */
const FEW_SLICES = 64;

/**
 * How shares become rates on one NIC in one direction; `room`: what all rates may add up to. HTB splits
 * what is spare by quantum, but single flows cannot keep a queue full through a long round, so most of
 * the spare is given as assured rate: reserve + ratePerShare x shares (DATAPATH.md B). What is left
 * goes by quantum, by the same shares.
 *
 * What is left must be little: HTB's round gives it by quantum only while no pacer ends a class's turn.
 *
 * `ratePerShare` is the highest that fits on a NIC with few slices, whose classes all change with each
 * guest. With more it is one of a row of numbers half a per cent apart, and stays while it still fits
 * and is at most 3 % below what could be given; a new one leaves half a per cent free: some hundred
 * classes a change at most, on the average.
 */
export function shareScale(room: BitsPerSecond, slices: readonly SliceShare[], before?: ShareScale): ShareScale {
  return {
    ratePerShare:
      before !== undefined && isStillGood(before.ratePerShare, room, slices)
        ? before.ratePerShare
        : freshRatePerShare(room, slices),
    sharesPerQuantum: sharesPerQuantum(slices),
    room,
  };
}

/** The rates per share that shareScale() would keep, the fresh one first. Never empty. */
export function goodRatesPerShare(room: BitsPerSecond, slices: readonly SliceShare[]): readonly BitsPerSecond[] {
  const good = new Set([freshRatePerShare(room, slices)]);
  if (slices.length <= FEW_SLICES) return [...good];
  for (let index = largestIndex(room, slices); index >= 0; index--) {
    const rate = gridRate(index);
    if (!isStillGood(rate, room, slices)) break;
    good.add(rate);
  }
  return [...good];
}

/** Sum of what would be assured stays within `room`. */
function fits(ratePerShare: BitsPerSecond, room: BitsPerSecond, slices: readonly SliceShare[]): boolean {
  let sum = 0;
  for (const slice of slices) sum += assuredRate(slice, ratePerShare);
  return sum <= room;
}

function isStillGood(ratePerShare: BitsPerSecond, room: BitsPerSecond, slices: readonly SliceShare[]): boolean {
  if (ratePerShare === 0 || slices.length <= FEW_SLICES) return freshRatePerShare(room, slices) === ratePerShare;
  if (!fits(ratePerShare, room, slices)) return false;
  const more = bitsPerSecond(Math.min(Math.max(ratePerShare * KEPT_WITHIN, ratePerShare + 8), MAX_BITS_PER_SECOND));
  return !fits(more, room, slices) || ratePerShare >= enoughForAll(slices);
}

/** Beyond it every slice has its limit assured and more changes nothing. */
function enoughForAll(slices: readonly SliceShare[]): number {
  let enough = 8;
  for (const slice of slices) enough = Math.max(enough, (slice.limit - slice.reserve) / slice.shares);
  return enough;
}

function freshRatePerShare(room: BitsPerSecond, slices: readonly SliceShare[]): BitsPerSecond {
  if (slices.length <= FEW_SLICES) return highestRatePerShare(room, slices);
  const index = largestIndex(room, slices);
  if (index < 0) return bitsPerSecond(0);
  const rate = gridRate(index);
  // One step is left free, so that the next guest does not change all classes again.
  return rate >= enoughForAll(slices) ? rate : gridRate(Math.max(0, index - 1));
}

/** To the step of 8 bit/s; no higher than what is enough for all. */
function highestRatePerShare(room: BitsPerSecond, slices: readonly SliceShare[]): BitsPerSecond {
  let low = 0;
  let high = Math.ceil(enoughForAll(slices) / 8);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits((middle * 8) as BitsPerSecond, room, slices)) low = middle;
    else high = middle - 1;
  }
  return (low * 8) as BitsPerSecond;
}

/** Of the last rate of the grid that fits; no higher than what is enough for all. -1: none fits. */
function largestIndex(room: BitsPerSecond, slices: readonly SliceShare[]): number {
  let low = -1;
  let high = Math.max(0, Math.ceil(Math.log2(enoughForAll(slices) / 8) * STEPS_PER_OCTAVE)) + 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(gridRate(middle), room, slices)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** 8 bit/s and up, each 0.54 % above the last, in steps of 8 bit/s. */
const gridRate = (index: number): BitsPerSecond => (Math.round(2 ** (index / STEPS_PER_OCTAVE)) * 8) as BitsPerSecond;

/** A power of two at or below the smallest shares: it moves only when those halve or double. */
function sharesPerQuantum(slices: readonly SliceShare[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const slice of slices) least = Math.min(least, slice.shares);
  return Number.isFinite(least) ? 2 ** Math.floor(Math.log2(least)) : 64;
}
