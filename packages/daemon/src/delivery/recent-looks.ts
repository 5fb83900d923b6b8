import { type DeliveryFilter, matches } from "./delivery-history.ts";
import { DeliveryRoll, type RolledRow } from "./delivery-roll.ts";
import type { DeliveryRow, Look } from "./delivery-row.ts";

const KEPT_MS = 120_000;
/** Some 8 MB: two minutes of 500 slices in use each second, less of more. */
const KEPT_ROWS = 60_000;

/** The looks of the last two minutes, in memory. */
export class RecentLooks {
  #looks: Look[] = [];
  #rows = 0;

  add(look: Look): void {
    this.#looks.push(look);
    this.#rows += look.rows.length;
    for (;;) {
      const [oldest] = this.#looks;
      const isKept = oldest === look || oldest === undefined;
      if (isKept || (oldest.atMs >= look.atMs - KEPT_MS && this.#rows <= KEPT_ROWS)) return;
      this.#looks.shift();
      this.#rows -= oldest.rows.length;
    }
  }

  get newest(): Look | undefined {
    return this.#looks.at(-1);
  }

  /** Oldest first; with `stepSeconds` one row per slice and step, without it one per look. */
  rows(filter: DeliveryFilter, stepSeconds?: number): readonly RolledRow[] {
    const roll = stepSeconds === undefined ? undefined : new DeliveryRoll(stepSeconds);
    const found: RolledRow[] = [];
    for (const { atMs, rows } of this.#looks) {
      if (atMs < filter.sinceMs) continue;
      for (const row of rows) {
        if (!matches(row, filter)) continue;
        if (roll === undefined) found.push(single(atMs, row));
        else roll.add(atMs, row);
      }
    }
    return roll === undefined ? found : roll.rows();
  }
}

/** One look as a row of its own. */
export const single = (atMs: number, row: DeliveryRow): RolledRow => ({
  ...row,
  atMs,
  shortSeconds: row.short ? row.seconds : 0,
});
