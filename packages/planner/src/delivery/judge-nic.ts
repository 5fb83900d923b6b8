import type { NicId, SliceShare } from "@gona/model";
import { type DeliveryReason, isOwnDoing } from "./delivery-reason.ts";
import { type Contender, entitlements } from "./entitlements.ts";
import type { Measured } from "./measure.ts";

/** What one slice did between two looks, in one direction. */
export interface SliceInterval {
  readonly share: SliceShare;
  readonly measured: Measured;
  /** Looks in a row, this one included, at which something waited although its limit let it go. */
  readonly stalledLooks: number;
  /** The limit over all NICs held the vif's traffic before it came here. */
  readonly capped: boolean;
  /** Other NICs of the vif that carry nothing. */
  readonly lostNics: readonly NicId[];
}

/** One NIC in one direction, between two looks. */
export interface NicInterval {
  readonly capacityBitsPerSecond: number;
  /** Of all that passed: slices, host, and whoever else. */
  readonly totalBitsPerSecond: number;
  /** The host's own traffic. */
  readonly host?: { readonly share: SliceShare; readonly measured: Measured };
  readonly slices: readonly SliceInterval[];
}

/** Promise against delivery of one slice. */
export interface Delivery {
  readonly offeredBitsPerSecond: number;
  readonly deliveredBitsPerSecond: number;
  /** What it was due: the less of what it offered and its part of the NIC by reservation, limit and shares. */
  readonly promisedBitsPerSecond: number;
  /** Less was delivered than promised, and not by the sender's own doing. */
  readonly short: boolean;
  readonly reason: DeliveryReason;
}

/** A limit counts as reached from here on: a closed loop (TCP) never fills it wholly. */
const REACHED = 0.98;
/** So full is a NIC of which nothing more is to be had. */
const SATURATED = 0.97;
/** One look may fall into a pause of the machine. */
const STALLED_LOOKS = 3;
/** Below its part by more is short: single flows do not keep a queue full all the time. */
const SHORT_OF_PART = 0.95;
/** Reservations are kept closer. */
const SHORT_OF_RESERVE = 0.99;

/** How each slice of a NIC fared, in the order given. */
export function judgeNic(interval: NicInterval): readonly Delivery[] {
  const { capacityBitsPerSecond, totalBitsPerSecond, host, slices } = interval;
  const saturated = totalBitsPerSecond >= SATURATED * capacityBitsPerSecond;
  const reasons = slices.map((slice) => reasonFor(slice, capacityBitsPerSecond, saturated));
  const contenders: Contender[] = slices.map((slice, n) => contender(slice, isHeld(reasons[n])));
  if (host !== undefined) contenders.push(contender(host, saturated && host.measured.waiting));
  const due = entitlements(capacityBitsPerSecond, contenders);
  return slices.map(({ share, measured }, n) => {
    const reason = reasons[n] ?? REASONS.guest;
    const { offeredBitsPerSecond, deliveredBitsPerSecond } = measured;
    const promisedBitsPerSecond = due[n] ?? 0;
    const isShort =
      deliveredBitsPerSecond < SHORT_OF_PART * promisedBitsPerSecond ||
      deliveredBitsPerSecond < SHORT_OF_RESERVE * Math.min(promisedBitsPerSecond, share.reserve);
    return {
      offeredBitsPerSecond,
      deliveredBitsPerSecond,
      promisedBitsPerSecond,
      short: isShort && !isOwnDoing(reason),
      reason,
    };
  });
}

/**
 * How a slice fared whose NIC carries nothing. `wantsMore`: the vif's other slices do not carry all
 * that it has; then its reservation here is missed even though none of it comes this way.
 */
export function judgeLost(
  { reserve, limit }: SliceShare,
  nic: NicId,
  offeredBitsPerSecond: number,
  wantsMore: boolean,
): Delivery {
  const promisedBitsPerSecond = Math.min(limit, Math.max(offeredBitsPerSecond, wantsMore ? reserve : 0));
  return {
    offeredBitsPerSecond,
    deliveredBitsPerSecond: 0,
    promisedBitsPerSecond,
    short: promisedBitsPerSecond > 0,
    reason: { kind: "nic-lost", nics: [nic] },
  };
}

/** (delivered - promised) / promised in percent; null where nothing was promised. */
export const errorPercent = (delivery: Pick<Delivery, "deliveredBitsPerSecond" | "promisedBitsPerSecond">) =>
  delivery.promisedBitsPerSecond > 0
    ? (delivery.deliveredBitsPerSecond / delivery.promisedBitsPerSecond - 1) * 100
    : null;

/** It had more than it could send, all the while. */
export const isHeld = (reason: DeliveryReason | undefined): boolean =>
  reason !== undefined && reason.kind !== "cap" && !isOwnDoing(reason);

/** Shared: there are thousands of rows, kept for minutes. */
const REASONS = {
  guest: { kind: "guest" },
  bursts: { kind: "bursts" },
  limit: { kind: "limit" },
  saturated: { kind: "saturated" },
  cap: { kind: "cap" },
  behind: { kind: "behind" },
} as const satisfies { readonly [kind in Exclude<DeliveryReason["kind"], "nic-lost">]: DeliveryReason };

function reasonFor(slice: SliceInterval, capacityBitsPerSecond: number, saturated: boolean): DeliveryReason {
  const { share, measured, stalledLooks, capped, lostNics } = slice;
  const { deliveredBitsPerSecond, waiting, drops } = measured;
  const reached = deliveredBitsPerSecond >= REACHED * share.limit;
  if (reached || (waiting && saturated)) {
    if (lostNics.length > 0) return { kind: "nic-lost", nics: lostNics };
    // A limit as high as the NIC's capacity is none.
    const full = saturated && (!reached || share.limit >= SATURATED * capacityBitsPerSecond);
    return full ? REASONS.saturated : REASONS.limit;
  }
  if (waiting && stalledLooks >= STALLED_LOOKS) return REASONS.behind;
  if (capped) return REASONS.cap;
  return drops > 0 ? REASONS.bursts : REASONS.guest;
}

function contender({ share, measured }: Pick<SliceInterval, "share" | "measured">, held: boolean): Contender {
  const { offeredBitsPerSecond, deliveredBitsPerSecond } = measured;
  // A queue that empties delivers what was offered before.
  const demand = held ? Number.POSITIVE_INFINITY : Math.max(offeredBitsPerSecond, deliveredBitsPerSecond);
  return { reserve: share.reserve, limit: share.limit, shares: share.shares, demand };
}
