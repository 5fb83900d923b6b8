import type { VifId } from "@gona/model";
import { type Station, stationKey } from "@gona/planner";
import type { Clock } from "./clock.ts";

/** Announcements are repeated after 0.2 s; whoever has not learnt by then learns by himself, much later. */
const MOVING_MS = 2000;

type Moving = ReadonlyMap<VifId, readonly Station[]>;

const NONE: Moving = new Map();

/**
 * Vifs whose NICs changed a moment ago (Inventory.moving). It is in memory alone: what a daemon that
 * died leaves marked so in the kernel, its successor wants no more, and puts right.
 */
export class MovingBook implements Disposable {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #now: Moving = NONE;
  readonly #untilMs = new Map<VifId, number>();
  #timer: Disposable | undefined;

  /** `onDue`: some have moved for long enough; it is to call settle() and reconcile. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** The same references while nothing changes. */
  get now(): Moving {
    return this.#now;
  }

  /** As it will be when these begin too. */
  with(more: Moving): Moving {
    if (more.size === 0) return this.#now;
    const all = new Map(this.#now);
    for (const [vif, gone] of more) all.set(vif, eachOnce([...(all.get(vif) ?? []), ...gone]));
    return all;
  }

  /** Takes what with() gave as the present; the time of those that are new in it begins. */
  begin(moving: Moving): void {
    const untilMs = this.#clock.monotonicMs() + MOVING_MS;
    for (const [vif, gone] of moving) if (this.#now.get(vif) !== gone) this.#untilMs.set(vif, untilMs);
    this.#now = moving;
    this.#wakeUp();
  }

  /** Forgets those whose time is over. */
  settle(): void {
    const nowMs = this.#clock.monotonicMs();
    const due = [...this.#untilMs].filter(([, untilMs]) => untilMs <= nowMs);
    if (due.length > 0) {
      const left = new Map(this.#now);
      for (const [vif] of due) {
        left.delete(vif);
        this.#untilMs.delete(vif);
      }
      this.#now = left.size === 0 ? NONE : left;
    }
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#untilMs.size === 0) return;
    const nextMs = Math.min(...this.#untilMs.values());
    this.#timer = this.#clock.after(Math.max(0, nextMs - this.#clock.monotonicMs()), this.#onDue);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }
}

const eachOnce = (stations: readonly Station[]): readonly Station[] => [
  ...new Map(stations.map((station) => [stationKey(station), station])).values(),
];
