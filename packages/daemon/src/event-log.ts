import type { HostEvent, HostEventKind } from "@gona/api";
import { type Clock, isoTime } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { EventQuery, Store } from "./store.ts";

export interface EventDraft {
  readonly kind: HostEventKind;
  readonly message: string;
  readonly subject?: string;
  readonly cause?: string;
  readonly revision?: number;
}

/** Events that are worth waking somebody for. */
const GRAVE: ReadonlySet<HostEventKind> = new Set([
  "apply-failed",
  "rolled-back",
  "reconcile-failed",
  "reconciled",
  "nic-down",
  "lacp-problem",
  "link-vanished",
  "domain-lost",
  "domain-failed",
]);
const IN_MEMORY = 1000;

/**
 * Records what happened: to the store, to the log, and to those who follow. A store that fails
 * never stops the daemon: the newest 1,000 events are in memory as well.
 */
export class EventLog {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #recent: HostEvent[] = [];
  readonly #followers = new Set<(event: HostEvent) => void>();
  #lastId: number;

  constructor(store: Store, clock: Clock, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#lastId = store.lastEventId();
  }

  record(draft: EventDraft): HostEvent {
    const event: HostEvent = { id: ++this.#lastId, at: isoTime(this.#clock.nowMs()), ...draft };
    this.#recent.push(event);
    if (this.#recent.length > IN_MEMORY) this.#recent.shift();
    const { id: _id, at: _at, message, ...fields } = event;
    if (GRAVE.has(event.kind)) this.#log.warn(fields, message);
    else this.#log.info(fields, message);
    for (const follower of this.#followers) follower(event);
    try {
      this.#store.addEvent(event);
    } catch (error) {
      this.#log.warn({ err: error }, "an event could not be stored; it is kept in memory only");
    }
    return event;
  }

  /** Oldest first. */
  recent(query: EventQuery): HostEvent[] {
    const { after = 0, limit } = query;
    const oldest = this.#recent[0]?.id ?? this.#lastId + 1;
    const inMemory = this.#recent.filter((event) => event.id > after).slice(-limit);
    if (inMemory.length === limit || oldest <= after + 1) return inMemory;
    const stored = this.#store.events({ after, limit }).filter((event) => event.id < oldest);
    return [...stored, ...inMemory].slice(-limit);
  }

  /** Calls back on each further event. */
  follow(listener: (event: HostEvent) => void): Disposable {
    this.#followers.add(listener);
    return { [Symbol.dispose]: () => this.#followers.delete(listener) };
  }
}
