import type { BalanceMaps, Steer } from "@gona/dataplane";
import type { VifId } from "@gona/model";
import type { Clock } from "../clock.ts";

/** A peer that is to learn the MAC of a slice that its hash does not say. */
export interface SteeredPeer extends Steer {
  readonly vif: VifId;
  /** Wall clock; of the adoption where a predecessor steered it. */
  readonly sinceMs: number;
}

interface Page extends SteeredPeer {
  readonly restUntilMs: number;
  readonly heardMs: number;
  /** Times in a row that it was steered to the same slice and did not come. */
  readonly tries: number;
}

/** A peer that was told is left alone for so long; one that cannot be told learns when it next asks. */
const REST_MS = 5000;
const UNTOLD_REST_MS = 60_000;
/** Who does not heed what it is told so often is left alone much longer: its neighbour table may be written by hand. */
const MOST_TRIES = 3;
const DEAF_REST_MS = 600_000;
const SILENT_MS = 300_000;

/** Who is steered where: the packet path's entries, and what the daemon knows of them. Throws KernelError. */
export class SteerBook {
  readonly #maps: Pick<BalanceMaps, "steers" | "steer" | "unsteer">;
  readonly #clock: Clock;
  readonly #pages = new Map<string, Page>();

  constructor(maps: Pick<BalanceMaps, "steers" | "steer" | "unsteer">, clock: Clock) {
    this.#maps = maps;
    this.#clock = clock;
  }

  get size(): number {
    return this.#pages.size;
  }

  /** Those of a vif. */
  of(vifSlot: number): readonly SteeredPeer[] {
    return [...this.#pages.values()].filter((page) => page.vifSlot === vifSlot);
  }

  /** Takes over the entries of these vif slots, and removes all others. */
  adopt(vifs: ReadonlyMap<number, VifId>): void {
    const heardMs = this.#clock.monotonicMs();
    const sinceMs = this.#clock.nowMs();
    for (const steer of this.#maps.steers()) {
      const vif = vifs.get(steer.vifSlot);
      if (vif === undefined) this.#maps.unsteer(steer);
      else this.#pages.set(keyOf(steer), { ...steer, vif, sinceMs, restUntilMs: 0, heardMs, tries: 1 });
    }
  }

  /** Removes the entries for which `holds` does not. */
  keep(holds: (peer: SteeredPeer) => boolean): void {
    for (const [key, page] of this.#pages) if (!holds(page)) this.#remove(key, page);
  }

  /** Removes those that were silent for long. */
  expire(nowMs: number): void {
    for (const [key, page] of this.#pages) if (nowMs - page.heardMs > SILENT_MS) this.#remove(key, page);
  }

  heard(peer: Omit<Steer, "slice">, nowMs: number): void {
    const page = this.#pages.get(keyOf(peer));
    if (page !== undefined) this.#pages.set(keyOf(peer), { ...page, heardMs: nowMs });
  }

  rests(peer: Omit<Steer, "slice">, nowMs: number): boolean {
    return nowMs < (this.#pages.get(keyOf(peer))?.restUntilMs ?? 0);
  }

  /** `isTold`: the peer hears of it at once. */
  steer(to: Steer, told: { readonly vif: VifId; readonly nowMs: number; readonly isTold: boolean }): void {
    const { vif, nowMs, isTold } = told;
    const before = this.#pages.get(keyOf(to));
    const tries = before?.slice === to.slice ? before.tries + 1 : 1;
    const restMs = tries > MOST_TRIES ? DEAF_REST_MS : isTold ? REST_MS : UNTOLD_REST_MS;
    this.#maps.steer(to);
    const sinceMs = this.#clock.nowMs();
    this.#pages.set(keyOf(to), { ...to, vif, sinceMs, restUntilMs: nowMs + restMs, heardMs: nowMs, tries });
  }

  /** The peer is to stay where it is, whatever its hash says; nothing where it was steered before. */
  pin(at: Steer, vif: VifId, nowMs: number): void {
    if (this.#pages.has(keyOf(at))) return;
    this.#maps.steer(at);
    this.#pages.set(keyOf(at), { ...at, vif, sinceMs: this.#clock.nowMs(), restUntilMs: 0, heardMs: nowMs, tries: 0 });
  }

  #remove(key: string, peer: Steer): void {
    this.#maps.unsteer(peer);
    this.#pages.delete(key);
  }
}

const keyOf = ({ vifSlot, vlan, mac }: Omit<Steer, "slice">): string => `${vifSlot} ${vlan} ${mac}`;
