import type { Explanation } from "@gona/api";
import type { FlowPlace } from "@gona/dataplane";
import type { FlowPath, VifEntry } from "@gona/planner";
import type { Move } from "./balance/move-book.ts";
import { isoTime } from "./clock.ts";

/** Moves of a bucket that are told. */
const TOLD = 3;
/** gona_path.moves counts no further. */
const MOST_MOVES = 65_535;
/** After that the packet path may give its place to another flow. */
const HELD_MS = 1000;

export interface ExplainedPath {
  readonly entry: Pick<VifEntry, "choice" | "slices">;
  readonly path: FlowPath;
  /** What the packet path remembers of the flow. */
  readonly place: FlowPlace | undefined;
  /** Of its bucket, oldest first. */
  readonly moves: readonly Move[];
  readonly nowMs: number;
}

/** Of a balanced vif's flow: where it is, since when, why not where its bucket points; the decisive first. */
export function whyOfPath({ entry, path, place, moves, nowMs }: ExplainedPath): string[] {
  if (entry.choice === undefined) return [];
  const nicOf = (slice: number) => entry.slices[slice]?.nic ?? `slice ${slice}`;
  const lastMoves = moves
    .slice(-TOLD)
    .reverse()
    .map(({ atMs, from, to, cause }) => `its bucket moved from ${from} to ${to} at ${isoTime(atMs)}: ${cause}`);
  if (path.home === undefined) return lastMoves;
  if (place === undefined) {
    const first =
      entry.choice === "stripe"
        ? "nothing of it is remembered: each packet leaves by the slice that lets it out first"
        : `nothing of it is remembered: its next packet leaves by ${path.home.nic}, unless another slice lets it out clearly sooner`;
    return [first, ...lastMoves];
  }
  const since = `since ${isoTime(nowMs - place.agoMs)}`;
  const times =
    place.moves >= MOST_MOVES ? `${MOST_MOVES} times or more` : place.moves === 1 ? "once" : `${place.moves} times`;
  const moved =
    place.moves === 0 ? "it has not moved since it is known" : `it moved ${times}, last from ${nicOf(place.before)}`;
  if (entry.choice === "stripe") {
    return [
      `each packet leaves by the slice that lets it out first; the last ones by ${nicOf(place.slice)}, ${since}`,
      moved,
    ];
  }
  const at = `it is on ${nicOf(place.slice)} ${since}`;
  if (place.slice === path.home.slice) return [at, moved, ...lastMoves];
  const stays =
    place.outMs < HELD_MS
      ? `it goes back to ${path.home.nic} when its next packet cannot be out before its last one, and the queue there is no longer`
      : `it is silent since ${isoTime(nowMs - place.outMs)}: its next packet goes to ${path.home.nic}, unless the queue there is the longer one`;
  return [`${at}, not on ${path.home.nic} where its bucket points`, stays, moved, ...lastMoves];
}

/** The same as data. */
export function pathOf({ entry, place, moves, nowMs }: ExplainedPath): Partial<NonNullable<Explanation["flow"]>> {
  if (entry.choice === undefined) return {};
  const bucketMoves = moves.slice(-TOLD).map(({ atMs, from, to, cause }) => ({ at: isoTime(atMs), from, to, cause }));
  if (place === undefined) return { bucketMoves };
  return { since: isoTime(nowMs - place.agoMs), moves: place.moves, bucketMoves };
}
