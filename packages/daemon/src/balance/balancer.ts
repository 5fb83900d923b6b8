import type { Kernel } from "@gona/kernel";
import type { HostSpec, NicId, VifId } from "@gona/model";
import { fillBuckets, type HubState, type SliceCapacities, sliceCapacities } from "@gona/planner";
import type { Clock } from "../clock.ts";
import type { DataPlane } from "../data-plane.ts";
import type { EventLog } from "../event-log.ts";
import type { Hub } from "../hub.ts";
import type { Logger } from "../logger.ts";
import type { NicMonitor } from "../nic-monitor.ts";
import { messageOf } from "../standing.ts";
import { type BalancedVif, balancedVifs } from "./balanced-vifs.ts";
import { DrainWatch } from "./drain-watch.ts";
import { MoveBook } from "./move-book.ts";
import { MoveEvents } from "./move-events.ts";
import { causeOf, nicOf } from "./move-words.ts";
import { Steering } from "./steering.ts";
import { VifBalance } from "./vif-balance.ts";

export interface BalancerOptions {
  readonly hub: Pick<Hub, "lastKnown">;
  /** The spec in force; undefined: none. */
  readonly spec: () => HostSpec | undefined;
  readonly nics: Pick<NicMonitor, "gatesFor">;
  readonly dataPlane: Pick<DataPlane, "balance" | "sliceCounters" | "sendFrame">;
  readonly kernel: Pick<Kernel, "classCounters">;
  /** `tables` has changed. */
  readonly onTables: () => void;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly log: Logger;
}

/** Fast enough to act within a second, and a hundredth of a core at most where looks are cheap. */
const LOOK_EVERY_MS = 250;
/** So many times what a look costs passes until the next: 2 % of a core at most, where looks are not very dear. */
const LOOK_SHARE = 50;
/** A machine that is busy makes looks seem dear (time on the clock, not on the processor): balance acts within a second. */
const LOOK_AT_LATEST_MS = 700;
const STEER_EVERY_MS = 500;
/** A vif that was silent for so long goes back to the table by weights, and is forgotten. */
const REST_MS = 30_000;
/** So soon after NICs changed those at rest get the table that fits them. */
const RETURN_MS = 1000;
/** A table that was not taken by then was refused. */
const TAKEN_MS = 2000;

/** Moves the buckets of busy vifs so that their slices are in use alike, and steers their peers. */
export class Balancer implements Disposable {
  readonly #options: BalancerOptions;
  readonly #events: MoveEvents;
  readonly #steering: Steering;
  /** Never changed, but replaced: plans compare the one before with this. */
  #tables: ReadonlyMap<VifId, Uint8Array> = new Map();
  readonly #askedMs = new Map<VifId, number>();
  readonly #busy = new Map<VifId, VifBalance>();
  /** Vifs that are not at rest yet, by when they last sent. */
  readonly #awakeMs = new Map<VifId, number>();
  readonly #drains = new Map<NicId, DrainWatch>();
  /** Slices (`slot number`) whose drain is told to the packet path, bytes/s. */
  readonly #held = new Map<string, number>();
  #vifs: readonly BalancedVif[] = [];
  #hub: HubState | undefined;
  #spec: HostSpec | undefined;
  /** As of this look. */
  #nicsHeld: ReadonlySet<NicId> | undefined;
  #ticks: Uint32Array = new Uint32Array(0);
  #timer: Disposable | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #steeredMs = Number.NEGATIVE_INFINITY;
  #failure = "";
  #isAdopted = false;
  #isStopped = false;
  /** The last moves, for `gona explain`. */
  readonly book = new MoveBook();

  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#events = new MoveEvents(options.events);
    this.#steering = new Steering(options);
  }

  /** What buckets should point to, where that is not what weights give; Inventory.tables. */
  get tables(): ReadonlyMap<VifId, Uint8Array> {
    return this.#tables;
  }

  get steering(): Pick<Steering, "of"> {
    return this.#steering;
  }

  /** The hub is at the target: it may have changed. */
  arrived(): void {
    if (this.#isStopped) return;
    this.#guarded(() => {
      this.#follow();
      this.#adopt();
    });
    if (this.#vifs.length > 0 && this.#timer === undefined) this.#later(0);
  }

  /** Takes over what a predecessor told the packet path, once. */
  #adopt(): void {
    if (this.#isAdopted) return;
    this.#options.dataPlane.balance.clearDrains();
    this.#steering.adopt(this.#vifs);
    this.#isAdopted = true;
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
  }

  #later(costMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#isStopped || this.#vifs.length === 0) return;
    this.#timer = this.#options.clock.after(
      Math.min(LOOK_AT_LATEST_MS, Math.max(LOOK_EVERY_MS, costMs * LOOK_SHARE)),
      () => {
        const startMs = this.#options.clock.monotonicMs();
        this.#guarded(() => this.#look(startMs));
        this.#later(this.#options.clock.monotonicMs() - startMs);
      },
    );
  }

  /** What cannot be read now may be at the next look; traffic goes on by the tables that there are. */
  #guarded(work: () => void): void {
    try {
      work();
      this.#failure = "";
    } catch (error) {
      const message = messageOf(error);
      if (message !== this.#failure) this.#options.log.warn({ err: error }, "flows cannot be balanced");
      this.#failure = message;
    }
  }

  #follow(): void {
    const hub = this.#options.hub.lastKnown;
    const spec = this.#options.spec();
    if (hub === this.#hub && spec === this.#spec) return;
    const nowMs = this.#options.clock.monotonicMs();
    const before = new Set(this.#vifs.map((vif) => vif.id));
    const nicsChanged = hub.nics !== this.#hub?.nics;
    this.#hub = hub;
    this.#spec = spec;
    this.#vifs = spec === undefined ? [] : balancedVifs(spec, hub);
    for (const { id } of this.#vifs) {
      if (before.delete(id) && !nicsChanged) continue;
      if (!this.#busy.has(id)) this.#awakeMs.set(id, nowMs - REST_MS + RETURN_MS);
    }
    for (const gone of before) this.#forget(gone);
    this.#steering.follow(this.#vifs, hub);
  }

  #forget(vif: VifId): void {
    for (const map of [this.#askedMs, this.#busy, this.#awakeMs]) map.delete(vif);
    this.#withdraw(vif);
    this.#events.forget(vif);
    this.book.forget(vif);
  }

  #look(nowMs: number): void {
    this.#follow();
    this.#nicsHeld = undefined;
    const { balance } = this.#options.dataPlane;
    const seconds = (nowMs - this.#lookedMs) / 1000;
    this.#lookedMs = nowMs;
    const [before, now] = [this.#ticks, balance.ticks("tx")];
    this.#ticks = now;
    if (before.length === 0 || !Number.isFinite(seconds)) return;
    const busy = this.#vifs.filter(({ entry }) => now[entry.slot] !== before[entry.slot]);
    const tables = this.#lookAt(busy, nowMs, seconds);
    const changed = [...tables, ...this.#rest(nowMs)];
    if (changed.length > 0) {
      this.#tables = new Map([...this.#tables, ...changed]);
      for (const [vif] of changed) this.#askedMs.set(vif, nowMs);
      this.#options.onTables();
    }
    if (nowMs - this.#steeredMs < STEER_EVERY_MS) return;
    this.#steeredMs = nowMs;
    this.#steering.look(this.#vifs, (vif) => this.#capacities(vif).ingress);
  }

  #capacities({ spec, entry }: BalancedVif): SliceCapacities {
    const host = this.#spec as HostSpec;
    // Once a look: it goes through all guests while a NIC is held.
    this.#nicsHeld ??= this.#options.nics.gatesFor(host).nicsHeld;
    const held = this.#nicsHeld;
    return sliceCapacities(host, spec, entry, this.#hub as HubState, (nic) => held.has(nic));
  }

  /** The tables that are to change. */
  #lookAt(busy: readonly BalancedVif[], nowMs: number, seconds: number): readonly (readonly [VifId, Uint8Array])[] {
    const { balance, sliceCounters } = this.#readers();
    const watches = this.#lookAtNics(busy);
    const changed: (readonly [VifId, Uint8Array])[] = [];
    const held = new Set<string>();
    for (const vif of busy) {
      const { id, entry } = vif;
      const { slot } = entry;
      this.#awakeMs.set(id, nowMs);
      const capacities = this.#capacities(vif).egress;
      const drains = entry.slices.map((slice, number) => {
        const limit = capacities[number] ?? 0;
        const drain = slice === null || limit === 0 ? undefined : watches.get(slice.nic)?.drainOf(slot, limit);
        if (drain !== undefined) held.add(this.#hold(slot, number, drain));
        return drain;
      });
      if (entry.choice !== "flowlet" || this.#isWaiting(vif, capacities, nowMs)) continue;
      const bucketBytes = balance.bucketBytes(slot);
      if (bucketBytes === undefined) continue;
      const sliceBytes = entry.slices.map((slice, number) => (slice === null ? 0 : sliceCounters(slot, number)));
      let state = this.#busy.get(id);
      if (state === undefined) {
        state = new VifBalance();
        this.#busy.set(id, state);
      }
      const table = entry.buckets;
      const balanced = state.look({ nowMs, seconds, bucketBytes, sliceBytes, table, capacities, drains });
      if (balanced === undefined || balanced.moves.length === 0) continue;
      changed.push([id, balanced.table]);
      this.#events.moved(id, entry, balanced, nowMs);
      const atMs = this.#options.clock.nowMs();
      for (const move of balanced.moves) {
        const { bucket, from, to, bytesPerSecond } = move;
        const way = { bucket, from: nicOf(entry, from), to: nicOf(entry, to), bytesPerSecond };
        this.book.record({ atMs, vif: id, ...way, cause: causeOf(move, entry, balanced) });
      }
    }
    this.#release(held);
    return changed;
  }

  #readers() {
    const { dataPlane } = this.#options;
    const sliceCounters = (slot: number, slice: number) => Number(dataPlane.sliceCounters(slot, slice).txBytes);
    return { balance: dataPlane.balance, sliceCounters };
  }

  /** Whether a table that was asked for is not in force yet; one that is refused is forgotten. */
  #isWaiting({ id, entry }: BalancedVif, capacities: readonly number[], nowMs: number): boolean {
    const wanted = this.#tables.get(id);
    if (wanted === undefined || isSame(wanted, entry.buckets)) return false;
    const isRefused = wanted.some((slice) => (capacities[slice] ?? 0) <= 0);
    if (!isRefused && nowMs - (this.#askedMs.get(id) ?? 0) < TAKEN_MS) return true;
    this.#withdraw(id);
    return false;
  }

  #withdraw(vif: VifId): void {
    if (this.#tables.has(vif)) this.#tables = new Map([...this.#tables].filter(([id]) => id !== vif));
  }

  #lookAtNics(busy: readonly BalancedVif[]): ReadonlyMap<NicId, DrainWatch> {
    const { kernel, clock } = this.#options;
    const nics = new Set(
      busy.flatMap(({ entry }) => entry.slices.flatMap((slice) => (slice === null ? [] : [slice.nic]))),
    );
    for (const nic of this.#drains.keys()) if (!nics.has(nic)) this.#drains.delete(nic);
    for (const nic of nics) {
      const capacity = this.#spec?.nics.find(({ name }) => name === nic)?.capacity;
      if (capacity === undefined) continue;
      const watch = this.#drains.get(nic) ?? new DrainWatch(nic, { kernel, now: () => clock.monotonicMs() });
      this.#drains.set(nic, watch);
      watch.look(capacity / 8);
    }
    return this.#drains;
  }

  /** Tells the packet path; the slice's key. */
  #hold(slot: number, number: number, drain: number): string {
    const key = `${slot} ${number}`;
    if (Math.abs((this.#held.get(key) ?? 0) - drain) > 0.02 * drain) {
      this.#options.dataPlane.balance.setDrain(slot, number, drain);
      this.#held.set(key, drain);
    }
    return key;
  }

  #release(held: ReadonlySet<string>): void {
    for (const key of this.#held.keys()) {
      if (held.has(key)) continue;
      const [slot, number] = key.split(" ").map(Number);
      this.#options.dataPlane.balance.setDrain(slot as number, number as number, 0);
      this.#held.delete(key);
    }
  }

  /** Who is silent for long starts evenly next time. */
  #rest(nowMs: number): readonly (readonly [VifId, Uint8Array])[] {
    if (this.#awakeMs.size === 0) return [];
    const home: (readonly [VifId, Uint8Array])[] = [];
    for (const vif of this.#vifs) {
      const { id, entry } = vif;
      const sinceMs = nowMs - (this.#awakeMs.get(id) ?? nowMs);
      if (sinceMs < REST_MS) continue;
      this.#awakeMs.delete(id);
      this.#busy.delete(id);
      const capacities = this.#capacities(vif).egress;
      if (capacities.every((capacity) => capacity === 0)) continue;
      const table = fillBuckets(capacities, entry.buckets);
      if (!isSame(table, entry.buckets)) home.push([id, table]);
    }
    return home;
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a === b || (a.length === b.length && a.every((slice, bucket) => slice === b[bucket]));
