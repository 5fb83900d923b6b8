import type { HostSpec } from "@gona/model";
import type { HubState } from "@gona/planner";
import type { Clock } from "../clock.ts";
import type { EventLog } from "../event-log.ts";
import type { Logger } from "../logger.ts";
import { messageOf } from "../standing.ts";
import type { DeliveryFilter, DeliveryHistory } from "./delivery-history.ts";
import { DeliveryRoll, type RolledRow } from "./delivery-roll.ts";
import { type DeliveryRow, type Look, rowKey } from "./delivery-row.ts";
import type { DeliverySampler } from "./delivery-sampler.ts";
import { RecentLooks } from "./recent-looks.ts";

export interface DeliveryMonitorOptions {
  readonly sampler: Pick<DeliverySampler, "look">;
  /** What is in force now; undefined while no spec is. */
  readonly source: () => { readonly spec: HostSpec; readonly hub: HubState } | undefined;
  /** Undefined where the state dir cannot hold it: then the last minutes in memory are all there is. */
  readonly history: DeliveryHistory | undefined;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly log: Logger;
}

/** While somebody watches, or something is short. */
const LOOK_EVERY_MS = 1000;
const LOOK_SELDOM_MS = 5000;
/** Looks at a busy host cost milliseconds; so many times that passes in between: at most a quarter of a core, or 0.5 %. */
const WATCHED_SHARE = 3;
const SELDOM_SHARE = 200;
const LOOK_AT_LEAST_EVERY_MS = 30_000;
/** Who asked once may ask again so soon. */
const WATCHED_FOR_MS = 5000;
const MINUTE_S = 60;

/** Looks at the queues once a second (seldom while nobody watches and nothing is short), and keeps what it saw. */
export class DeliveryMonitor implements Disposable {
  readonly #options: DeliveryMonitorOptions;
  readonly #recent = new RecentLooks();
  readonly #followers = new Set<(look: Look) => void>();
  #newest = new Map<string, DeliveryRow>();
  #minute = new DeliveryRoll(MINUTE_S);
  #minuteStartMs = 0;
  #timer: Disposable | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #lookCostMs = 0;
  #watchedMs = Number.NEGATIVE_INFINITY;
  #lookFailure = "";
  #historyFailure = "";
  #isStopped = false;

  constructor(options: DeliveryMonitorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#look();
  }

  /** Somebody wants to know: looks now where the last look is older than a second, and each second from here on. */
  watch(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#watchedMs = nowMs;
    if (nowMs - this.#lookedMs >= LOOK_EVERY_MS) this.#look();
    else this.#rearm();
  }

  /** Each look from here on, until disposed of. */
  follow(listener: (look: Look) => void): Disposable {
    this.#followers.add(listener);
    this.watch();
    return { [Symbol.dispose]: () => this.#followers.delete(listener) };
  }

  /** The newest look. */
  get newest(): Look {
    return this.#recent.newest ?? { atMs: this.#options.clock.nowMs(), rows: [] };
  }

  /** How a slice fared at the newest look; undefined where nothing happened in it. */
  of(key: Parameters<typeof rowKey>[0]): DeliveryRow | undefined {
    return this.#newest.get(rowKey(key));
  }

  /** The last two minutes, oldest first; one row per look unless a step is given. */
  recent(filter: DeliveryFilter, stepSeconds?: number): readonly RolledRow[] {
    return this.#recent.rows(filter, stepSeconds);
  }

  /** Minutes, oldest first, the present one last; steps of many minutes where asked for. Throws STORAGE. */
  async minutes(filter: DeliveryFilter, stepSeconds: number): Promise<readonly RolledRow[]> {
    const stored = (await this.#options.history?.find(filter)) ?? [];
    const roll = new DeliveryRoll(stepSeconds);
    for (const row of [...stored, ...this.#recentMinutes(filter, stored.at(-1)?.atMs)]) {
      roll.add(row.atMs, row, row.shortSeconds);
    }
    return roll.rows();
  }

  /** The minutes that memory holds beyond `storedMs`. */
  #recentMinutes(filter: DeliveryFilter, storedMs = Number.NEGATIVE_INFINITY): readonly RolledRow[] {
    return this.#recent.rows(filter, MINUTE_S).filter(({ atMs }) => atMs > storedMs);
  }

  /** Keeps what was seen of the minute under way. */
  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#keepMinute();
  }

  #look(): void {
    if (this.#isStopped) return;
    const { sampler, source, clock } = this.#options;
    this.#lookedMs = clock.monotonicMs();
    const now = source();
    if (now !== undefined) {
      try {
        this.#take({ atMs: clock.nowMs(), rows: sampler.look(now.spec, now.hub) });
        this.#lookFailure = "";
      } catch (error) {
        this.#lookFailed(error);
      }
    }
    this.#lookCostMs = clock.monotonicMs() - this.#lookedMs;
    this.#rearm();
  }

  #take(look: Look): void {
    this.#newest = new Map(look.rows.map((row) => [rowKey(row), row]));
    this.#recent.add(look);
    const startMs = this.#minute.startOf(look.atMs);
    if (startMs !== this.#minuteStartMs) this.#keepMinute();
    this.#minuteStartMs = startMs;
    for (const row of look.rows) this.#minute.add(look.atMs, row);
    for (const listener of this.#followers) listener(look);
  }

  /** A history that cannot be kept is one event, and stops nothing. */
  #keepMinute(): void {
    const { history, events, log } = this.#options;
    if (this.#minute.isEmpty) return;
    const rows = this.#minute.rows();
    this.#minute = new DeliveryRoll(MINUTE_S);
    try {
      history?.add(rows);
      this.#historyFailure = "";
    } catch (error) {
      const message = messageOf(error);
      log.debug({ err: error }, "a minute of the history is lost");
      if (this.#historyFailure === "") {
        events.record({ kind: "history-failed", message: `the history of deliveries has a gap: ${message}` });
      }
      this.#historyFailure = message;
    }
  }

  /** Mostly a link that went in between; the next look may do. */
  #lookFailed(error: unknown): void {
    const message = messageOf(error);
    if (message !== this.#lookFailure) this.#options.log.warn({ err: error }, "the queues cannot be read");
    this.#lookFailure = message;
  }

  #rearm(): void {
    if (this.#isStopped) return;
    const { clock } = this.#options;
    const sinceMs = clock.monotonicMs() - this.#lookedMs;
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.after(Math.max(0, this.#pauseMs - sinceMs), () => this.#look());
  }

  get #pauseMs(): number {
    const isWatched = this.#followers.size > 0 || this.#options.clock.monotonicMs() - this.#watchedMs < WATCHED_FOR_MS;
    const isShort = this.#recent.newest?.rows.some(({ short }) => short) ?? false;
    return isWatched || isShort
      ? Math.max(LOOK_EVERY_MS, this.#lookCostMs * WATCHED_SHARE)
      : Math.min(LOOK_AT_LEAST_EVERY_MS, Math.max(LOOK_SELDOM_MS, this.#lookCostMs * SELDOM_SHARE));
  }
}
