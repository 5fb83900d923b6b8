import { bitsPerSecond, nanoseconds, scaleRate } from "@gona/model";
import { REST_PART, type SlicePart, type SliceQueue } from "./hub-state.ts";

/** How a slice comes to a value: what is set before the maps change, and what after. */
export interface SliceTransition {
  readonly first?: SliceQueue;
  readonly last?: SliceQueue;
}

/**
 * Frames name a part by their class, so a part stands before a map speaks of it and goes after none
 * does any more: first with the queues of both, then without those that go.
 *
 * Where a slice changes between one queue and parts, what waited before the maps changed goes out before what
 * comes after: all wait for the pacer, a little below the limit, and HTB asks the old ones first. A class that is
 * new has the token for one packet before that; executeSteps() sends it one of its own.
 */
export function sliceTransition(before: SliceQueue, now: SliceQueue): SliceTransition {
  if (before.stale) return { first: now };
  const stay = new Set(now.parts.map(({ part }) => part));
  const going = before.parts.filter(({ part }) => !stay.has(part));
  const leaf = now.leaf ?? before.leaf;
  if (going.length === 0 && leaf === now.leaf) return { first: now };
  const parts = [...now.parts, ...going].sort((a, b) => a.part - b.part);
  const both: SliceQueue = { ...now, leaf, parts };
  if (leaf === null || now.pace === undefined || now.offload) return { first: both, last: now };
  const pace = { ...now.pace, rate: scaleRate(now.ceil, HELD_BACK) };
  const first: SliceQueue =
    now.leaf === null
      ? { ...both, pace, parts: parts.map(yielding) }
      : { ...both, pace, priority: YIELDING, parts: parts.map((part) => ({ ...part, ceil: now.ceil })) };
  return { first, last: now };
}

/** Below the limit, so that the pacer alone holds back, and all alike. */
const HELD_BACK = 0.9;
/** HTB's priority of what goes after 0. */
const YIELDING = 1;
/**
 * A frame of 60 bytes is 0.3 s of it: for so long the class has no token of its own and asks the pacer, which is
 * as long as what goes is let out for; no longer, as it is in debt also with its own rate.
 */
const DEBT_RATE = bitsPerSecond(1_600);
const yielding = (part: SlicePart): SlicePart => ({
  ...part,
  ...(part.part >= REST_PART && part.rate < DEBT_RATE ? {} : { rate: DEBT_RATE, burst: nanoseconds(64) }),
  priority: YIELDING,
});

/** Whether a slice stands with what it was and what it is to be. */
export const isBetween = ({ leaf, parts }: SliceQueue): boolean => leaf !== null && parts.length > 0;
