import type { PeerCount } from "@gona/dataplane";
import type { NicId, VifId } from "@gona/model";
import { type HubState, Load, type Peer, type Steered, steer, type VifEntry } from "@gona/planner";
import { addressFrame } from "../address-frame.ts";
import type { Clock } from "../clock.ts";
import type { DataPlane } from "../data-plane.ts";
import type { EventLog } from "../event-log.ts";
import type { Logger } from "../logger.ts";
import type { BalancedVif } from "./balanced-vifs.ts";
import { mbits, nicOf, usesInWords } from "./move-words.ts";
import { SteerBook, type SteeredPeer } from "./steer-book.ts";

export interface SteeringOptions {
  readonly dataPlane: Pick<DataPlane, "balance" | "sliceCounters" | "sendFrame">;
  readonly clock: Clock;
  readonly events: Pick<EventLog, "record">;
  readonly log: Logger;
}

/** What comes in is let be while it is this even, or this little (1 Mbit/s). */
const UNEVEN = 0.1;
const LEAST_BYTES_PER_S = 125_000;
/** Where nothing can be done, the senders are looked at ever more rarely. */
const FRUITLESS_MS = 1000;
const FRUITLESS_MOST_MS = 8000;
/** Unless so much more or less comes in than then. */
const CHANGED = 0.2;
/** A peer that sends this part of all is kept where it is when others are moved: its hash may say another slice. */
const PINNED = 0.02;
/** An interval that is longer tells nothing about now. */
const STALE_MS = 5000;

const SURVEY_MS = 60_000;

interface Inbound {
  lookedMs: number;
  /** By slice number, ever. */
  bytes: readonly number[];
  /** By peer, at the look before. */
  peers?: { readonly atMs: number; readonly bytes: ReadonlyMap<string, number> };
  nextMs: number;
  fruitlessMs: number;
  /** Bytes/s that came in when nothing could be done. */
  fruitlessLoad: number;
}

/** Spreads what comes in for a vif over its slices, by telling heavy senders another slice's MAC. */
export class Steering {
  readonly #options: SteeringOptions;
  readonly #book: SteerBook;
  readonly #inbound = new Map<VifId, Inbound>();
  #ticks: Uint32Array = new Uint32Array(0);
  #surveyedMs = Number.NEGATIVE_INFINITY;
  #surveyed = new Map<string, number>();
  #hub: HubState | undefined;

  constructor(options: SteeringOptions) {
    this.#options = options;
    this.#book = new SteerBook(options.dataPlane.balance, options.clock);
  }

  /** The peers of a vif that were told another MAC than their hash says. */
  of(vif: BalancedVif["entry"]): readonly SteeredPeer[] {
    return this.#book.of(vif.slot);
  }

  /** Takes over what a predecessor told; what is nobody's is removed. Throws KernelError. */
  adopt(vifs: readonly BalancedVif[]): void {
    this.#book.adopt(new Map(steerable(vifs).map(({ id, entry }) => [entry.slot, id])));
  }

  /** Vifs or NICs may have changed: nobody is steered to a slice that is gone or lost. Throws KernelError. */
  follow(vifs: readonly BalancedVif[], hub: HubState): void {
    this.#hub = hub;
    const ids = new Set(vifs.map(({ id }) => id));
    for (const id of this.#inbound.keys()) if (!ids.has(id)) this.#inbound.delete(id);
    if (this.#book.size === 0) return;
    const entries = new Map(steerable(vifs).map(({ id, entry }) => [id, entry]));
    this.#book.keep(({ vifSlot, slice, vif }) => {
      const entry = entries.get(vif);
      const nic = entry?.slices[slice]?.nic;
      return entry?.slot === vifSlot && nic !== undefined && hub.nics.get(nic)?.up === true;
    });
  }

  /** `capacitiesOf`: bytes/s that may come in by each slice number. Throws KernelError. */
  look(vifs: readonly BalancedVif[], capacitiesOf: (vif: BalancedVif) => readonly number[]): void {
    const { clock, dataPlane } = this.#options;
    const nowMs = clock.monotonicMs();
    const [before, now] = [this.#ticks, dataPlane.balance.ticks("rx")];
    this.#ticks = now;
    this.#survey(nowMs);
    if (before.length === 0) return;
    const uneven: { readonly vif: BalancedVif; readonly inbound: Inbound; readonly capacities: readonly number[] }[] =
      [];
    for (const vif of vifs) {
      const { slot } = vif.entry;
      if (!vif.entry.rewriteMac || now[slot] === before[slot]) continue;
      const capacities = capacitiesOf(vif);
      const inbound = this.#measure(vif, capacities, nowMs);
      if (inbound !== undefined) uneven.push({ vif, inbound, capacities });
    }
    if (uneven.length === 0) return;
    // Of all vifs: one read for those that are uneven.
    const peers = Map.groupBy(dataPlane.balance.peers(), ({ vifSlot }) => vifSlot);
    for (const { vif, inbound, capacities } of uneven) {
      this.#steer(vif, inbound, capacities, peers.get(vif.entry.slot) ?? [], nowMs);
    }
  }

  /** Finds out which of the steered peers were silent for long. */
  #survey(nowMs: number): void {
    if (this.#book.size === 0 || nowMs - this.#surveyedMs < SURVEY_MS) return;
    this.#surveyedMs = nowMs;
    const before = this.#surveyed;
    this.#surveyed = new Map();
    for (const count of this.#options.dataPlane.balance.peers()) {
      const key = `${count.vifSlot} ${keyOf(count)}`;
      this.#surveyed.set(key, count.rxBytes);
      if (before.get(key) !== count.rxBytes) this.#book.heard(count, nowMs);
    }
    this.#book.expire(nowMs);
  }

  /** Undefined while what comes in is even enough, or there is nothing to be done. */
  #measure({ id, entry }: BalancedVif, capacities: readonly number[], nowMs: number): Inbound | undefined {
    const { dataPlane } = this.#options;
    const bytes = entry.slices.map((slice, number) =>
      slice === null ? 0 : Number(dataPlane.sliceCounters(entry.slot, number).rxBytes),
    );
    const known = this.#inbound.get(id);
    if (known === undefined || nowMs - known.lookedMs > STALE_MS) {
      this.#inbound.set(id, { lookedMs: nowMs, bytes, nextMs: 0, fruitlessMs: FRUITLESS_MS, fruitlessLoad: 0 });
      return undefined;
    }
    const seconds = (nowMs - known.lookedMs) / 1000;
    const load = new Load(
      capacities,
      bytes.map((all, number) => Math.max(0, all - (known.bytes[number] ?? 0)) / seconds),
    );
    known.lookedMs = nowMs;
    known.bytes = bytes;
    if (load.total < LEAST_BYTES_PER_S || load.spread <= UNEVEN || load.usable.length < 2) {
      delete known.peers;
      known.fruitlessMs = FRUITLESS_MS;
      return undefined;
    }
    const isOther = Math.abs(load.total - known.fruitlessLoad) > CHANGED * known.fruitlessLoad;
    if (known.fruitlessLoad > 0 && isOther) {
      known.nextMs = 0;
      known.fruitlessMs = FRUITLESS_MS;
      known.fruitlessLoad = 0;
    }
    return nowMs < known.nextMs ? undefined : known;
  }

  #steer(
    vif: BalancedVif,
    inbound: Inbound,
    capacities: readonly number[],
    counts: readonly PeerCount[],
    nowMs: number,
  ): void {
    const bytes = new Map(counts.map((count) => [keyOf(count), count.rxBytes]));
    const last = inbound.peers;
    inbound.peers = { atMs: nowMs, bytes };
    if (last === undefined || nowMs - last.atMs > STALE_MS) return;
    const seconds = (nowMs - last.atMs) / 1000;
    const home = this.#homeOf(vif.entry);
    const peers = counts.map((count): Peer => {
      const { vlan, mac, slice, rxBytes } = count;
      const at = slice === "own" || (capacities[slice] ?? 0) === 0 ? home : slice;
      const sent = rxBytes - (last.bytes.get(keyOf(count)) ?? rxBytes);
      if (sent > 0) this.#book.heard(count, nowMs);
      const rests = this.#book.rests({ vifSlot: vif.entry.slot, vlan, mac }, nowMs);
      return { vlan, mac, at, bytesPerSecond: Math.max(0, sent) / seconds, rests };
    });
    const steered = steer(peers, capacities);
    // The next interval begins when it is looked at again.
    delete inbound.peers;
    if (steered.moves.length === 0) {
      inbound.nextMs = nowMs + inbound.fruitlessMs;
      inbound.fruitlessMs = Math.min(FRUITLESS_MOST_MS, 2 * inbound.fruitlessMs);
      inbound.fruitlessLoad = steered.before.total;
      return;
    }
    inbound.fruitlessMs = FRUITLESS_MS;
    inbound.fruitlessLoad = 0;
    inbound.nextMs = nowMs + FRUITLESS_MS;
    this.#tell(vif, steered, nowMs);
    const moved = new Set(steered.moves.map(({ peer }) => peer));
    for (const peer of peers) {
      if (moved.has(peer) || peer.bytesPerSecond < PINNED * steered.before.total) continue;
      const { vlan, mac, at } = peer;
      this.#book.pin({ vifSlot: vif.entry.slot, vlan, mac, slice: at }, vif.id, nowMs);
    }
  }

  #tell({ id, entry }: BalancedVif, { moves, before, after }: Steered, nowMs: number): void {
    const addresses = [...(this.#hub?.addresses.values() ?? [])].filter(({ vifSlot }) => vifSlot === entry.slot);
    for (const { peer, to } of moves) {
      const { vlan, mac } = peer;
      const slice = entry.slices[to];
      if (!slice) continue;
      const told = addresses.filter((one) => one.vlan === vlan).map(({ address }) => address);
      this.#book.steer({ vifSlot: entry.slot, vlan, mac, slice: to }, { vif: id, nowMs, isTold: told.length > 0 });
      for (const address of told) this.#send(slice.nic, addressFrame(slice.mac, vlan, address, mac));
    }
    const words = moves.map(
      ({ peer, to }) =>
        `${peer.mac} (${mbits(peer.bytesPerSecond)}) from ${nicOf(entry, peer.at)} to ${nicOf(entry, to)}`,
    );
    this.#options.events.record({
      kind: "steered",
      subject: id,
      message: `steered ${words.length === 1 ? "a peer" : `${words.length} peers`}: ${words.join(", ")}`,
      cause: `coming in: ${usesInWords(entry, before)}; from now on about ${usesInWords(entry, after)}`,
    });
  }

  #send(nic: NicId, frame: Uint8Array): void {
    try {
      this.#options.dataPlane.sendFrame(nic, frame);
    } catch (error) {
      this.#options.log.debug({ err: error, nic }, "a peer could not be told another MAC");
    }
  }

  #homeOf(entry: VifEntry): number {
    const lives = entry.slices.findIndex((slice) => slice !== null && this.#hub?.nics.get(slice.nic)?.up === true);
    return Math.max(0, lives);
  }
}

const keyOf = ({ vlan, mac }: Pick<PeerCount, "vlan" | "mac">): string => `${vlan} ${mac}`;
const steerable = (vifs: readonly BalancedVif[]): readonly BalancedVif[] =>
  vifs.filter(({ entry }) => entry.rewriteMac);
