import type { SliceQueue } from "./hub-state.ts";

/** How a slice comes to a value: what is set before the maps change, and what after. */
export interface SliceTransition {
  readonly first?: SliceQueue;
  readonly last?: SliceQueue;
}

/**
 * Frames name a part by their class, so a part stands before a map speaks of it and goes after none
 * does any more: first with the parts of both, then without those that go. A slice with a leaf can not
 * have parts as well: it changes after the maps do. What arrives in between names a class that is not
 * there and passes the default class, unlimited for some milliseconds, while the old queue drains.
 */
export function sliceTransition(before: SliceQueue, now: SliceQueue): SliceTransition {
  if (before.stale) return { first: now };
  if ((before.leaf === null) !== (now.leaf === null)) return { last: now };
  const stay = new Set(now.parts.map(({ part }) => part));
  const going = before.parts.filter(({ part }) => !stay.has(part));
  if (going.length === 0) return { first: now };
  return { first: { ...now, parts: [...now.parts, ...going].sort((a, b) => a.part - b.part) }, last: now };
}
