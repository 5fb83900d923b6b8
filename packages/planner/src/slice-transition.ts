import type { SliceQueue } from "./hub-state.ts";

/** How a slice comes to a value: what is set before the maps change, and what after. */
export interface SliceTransition {
  readonly first?: SliceQueue;
  readonly last?: SliceQueue;
}

/**
 * Frames name a part by their class, so a part stands before a map speaks of it and goes after none
 * does any more: first with the queues of both, then without those that go. So it is where a slice changes
 * between one queue and parts: both are below the same pacer meanwhile, so nothing is lost and nothing passes the
 * limit. What comes after the change of the maps may leave before what still waits in the old queue: HTB takes turns.
 */
export function sliceTransition(before: SliceQueue, now: SliceQueue): SliceTransition {
  if (before.stale) return { first: now };
  const stay = new Set(now.parts.map(({ part }) => part));
  const going = before.parts.filter(({ part }) => !stay.has(part));
  const leaf = now.leaf ?? before.leaf;
  if (going.length === 0 && leaf === now.leaf) return { first: now };
  const parts = [...now.parts, ...going].sort((a, b) => a.part - b.part);
  return { first: { ...now, leaf, parts }, last: now };
}
