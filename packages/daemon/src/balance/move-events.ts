import type { VifId } from "@gona/model";
import type { Balanced, VifEntry } from "@gona/planner";
import type { EventLog } from "../event-log.ts";
import { movesInWords, usesInWords } from "./move-words.ts";

/** A vif that goes on moving has one event for all that it moved since the last. */
const EVERY_MS = 10_000;

interface Told {
  atMs: number;
  buckets: number;
  looks: number;
}

/** Tells of moves: one event for a look and vif, and where looks follow one another one for many. */
export class MoveEvents {
  readonly #events: Pick<EventLog, "record">;
  readonly #told = new Map<VifId, Told>();

  constructor(events: Pick<EventLog, "record">) {
    this.#events = events;
  }

  moved(vif: VifId, entry: VifEntry, balanced: Balanced, nowMs: number): void {
    const told = this.#told.get(vif);
    if (told !== undefined && nowMs - told.atMs < EVERY_MS) {
      told.buckets += balanced.moves.length;
      told.looks++;
      return;
    }
    this.#told.set(vif, { atMs: nowMs, buckets: 0, looks: 0 });
    const earlier =
      told === undefined || told.looks === 0 ? "" : `, after ${told.buckets} in ${told.looks} looks before`;
    this.#events.record({
      kind: "balanced",
      subject: vif,
      message: `moved ${movesInWords(entry, balanced.moves)}${earlier}`,
      cause: `in use: ${usesInWords(entry, balanced.before)}; from now on about ${usesInWords(entry, balanced.after)}`,
    });
  }

  forget(vif: VifId): void {
    this.#told.delete(vif);
  }
}
