import type { DeliveryReason } from "@gona/planner";
import { type DeliveryRow, rowKey } from "./delivery-row.ts";

/** How one slice fared in one direction over some time: rates are means over `seconds`. */
export interface RolledRow extends DeliveryRow {
  /** Where the time begins, milliseconds since 1970. */
  readonly atMs: number;
  /** Of `seconds`, those in which it was short. */
  readonly shortSeconds: number;
}

interface Group {
  readonly atMs: number;
  readonly row: DeliveryRow;
  seconds: number;
  offeredBits: number;
  deliveredBits: number;
  promisedBits: number;
  shortSeconds: number;
  readonly reasons: Map<string, { readonly reason: DeliveryReason; readonly short: boolean; seconds: number }>;
}

/** Rows of many looks as one row per slice and step of time. */
export class DeliveryRoll {
  readonly #stepMs: number;
  readonly #groups = new Map<string, Group>();

  /** `stepSeconds`: how long one row's time is; it begins at a multiple of that. */
  constructor(stepSeconds: number) {
    this.#stepMs = stepSeconds * 1000;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  /** Where the step begins that a time lies in. */
  startOf(atMs: number): number {
    return Math.floor(atMs / this.#stepMs) * this.#stepMs;
  }

  /** `atMs`: when the row was measured. Rows of one slice come in the order of time. */
  add(atMs: number, row: DeliveryRow, shortSeconds = row.short ? row.seconds : 0): void {
    const startMs = this.startOf(atMs);
    const key = `${startMs} ${rowKey(row)}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      const nothing = { seconds: 0, offeredBits: 0, deliveredBits: 0, promisedBits: 0, shortSeconds: 0 };
      group = { atMs: startMs, row, ...nothing, reasons: new Map() };
      this.#groups.set(key, group);
    }
    const { seconds, reason, short } = row;
    group.seconds += seconds;
    group.offeredBits += row.offeredBitsPerSecond * seconds;
    group.deliveredBits += row.deliveredBitsPerSecond * seconds;
    group.promisedBits += row.promisedBitsPerSecond * seconds;
    group.shortSeconds += shortSeconds;
    const word = `${reason.kind} ${short} ${reason.kind === "nic-lost" ? reason.nics.join() : ""}`;
    const known = group.reasons.get(word);
    if (known === undefined) group.reasons.set(word, { reason, short, seconds });
    else known.seconds += seconds;
  }

  /** All rows, oldest first; the reason is that of most of the time, of the short time where there was some. */
  rows(): readonly RolledRow[] {
    return [...this.#groups.values()].sort((a, b) => a.atMs - b.atMs).map(rolled);
  }
}

function rolled({ atMs, row, seconds, shortSeconds, reasons, ...bits }: Group): RolledRow {
  const { guest, vif, nic, direction } = row;
  const ranked = [...reasons.values()].sort((a, b) => Number(b.short) - Number(a.short) || b.seconds - a.seconds);
  return {
    atMs,
    guest,
    vif,
    nic,
    direction,
    seconds,
    offeredBitsPerSecond: bits.offeredBits / seconds,
    deliveredBitsPerSecond: bits.deliveredBits / seconds,
    promisedBitsPerSecond: bits.promisedBits / seconds,
    short: shortSeconds > 0,
    shortSeconds,
    reason: ranked[0]?.reason ?? row.reason,
  };
}
