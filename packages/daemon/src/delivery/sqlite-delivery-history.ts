import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as turn } from "node:timers/promises";
import { GonaError, type NicId, type VifId } from "@gona/model";
import type { DeliveryReason, Direction } from "@gona/planner";
import { type DeliveryFilter, type DeliveryHistory, matches } from "./delivery-history.ts";
import type { RolledRow } from "./delivery-roll.ts";

const MINUTE_S = 60;
const KEPT_S = 7 * 24 * 3600;
/** Some 120 MB of rows; beyond it the oldest go before their week is over. */
const KEPT_ROWS = 2_000_000;
/** Read between two turns of the event loop. */
const ROWS_A_TURN = 5000;

/** Beyond it names of guests that went long ago are looked for, at the start. */
const MANY_SERIES = 20_000;

/** Of SCHEMA; raised with each change of it. */
const LAYOUT = 1;
const SCHEMA = `
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY,
  guest TEXT NOT NULL,
  vif TEXT NOT NULL,
  nic TEXT NOT NULL,
  direction TEXT NOT NULL,
  UNIQUE (vif, nic, direction, guest)
) STRICT;
CREATE TABLE IF NOT EXISTS minutes (
  at_s INTEGER NOT NULL,
  series INTEGER NOT NULL,
  seconds REAL NOT NULL,
  offered REAL NOT NULL,
  delivered REAL NOT NULL,
  promised REAL NOT NULL,
  short_seconds REAL NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (at_s, series)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sizes (at_s INTEGER PRIMARY KEY, rows INTEGER NOT NULL) STRICT;
PRAGMA user_version = ${LAYOUT};
`;

interface Series {
  readonly id: number;
  readonly guest: string;
  readonly vif: VifId;
  readonly nic: NicId;
  readonly direction: Direction;
}

/** A file of its own beside the revisions: it grows and may be lost, and those may not. */
export class SqliteDeliveryHistory implements DeliveryHistory {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #keptRows: number;
  readonly #byId = new Map<number, Series>();
  readonly #byKey = new Map<string, Series>();
  #rows = 0;

  private constructor(path: string, database: DatabaseSync, keptRows: number) {
    this.#path = path;
    this.#database = database;
    this.#keptRows = keptRows;
    for (const row of database.prepare("SELECT * FROM series").all()) this.#know(row as unknown as Series);
    this.#rows = Number(database.prepare("SELECT coalesce(sum(rows), 0) AS rows FROM sizes").get()?.rows);
  }

  /**
   * Opens or makes the file (`:memory:` for tests). One that is damaged, or of another version, is moved
   * away as `….damaged`, and a new one begun. Throws STORAGE.
   */
  static open(path: string, keptRows = KEPT_ROWS): SqliteDeliveryHistory {
    try {
      return SqliteDeliveryHistory.#openOnce(path, keptRows);
    } catch (error) {
      if (!existsSync(path)) throw storage(path, "open", error);
      try {
        renameSync(path, `${path}.damaged`);
        return SqliteDeliveryHistory.#openOnce(path, keptRows);
      } catch (second) {
        throw storage(path, "open", second);
      }
    }
  }

  static #openOnce(path: string, keptRows: number): SqliteDeliveryHistory {
    const database = new DatabaseSync(path);
    try {
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 200;");
      const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
      if (version !== 0 && version !== LAYOUT) throw new Error(`layout ${version} of another version`);
      database.exec(SCHEMA);
      if (Number(database.prepare("SELECT count(*) AS n FROM series").get()?.n) > MANY_SERIES) {
        database.exec("DELETE FROM series WHERE id NOT IN (SELECT series FROM minutes)");
      }
      return new SqliteDeliveryHistory(path, database, keptRows);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  add(rows: readonly RolledRow[]): void {
    const [first] = rows;
    if (first === undefined) return;
    const atS = Math.round(first.atMs / 1000);
    const added: Series[] = [];
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      const insert = this.#database.prepare("INSERT OR REPLACE INTO minutes VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
      for (const row of rows) {
        const { seconds, offeredBitsPerSecond, deliveredBitsPerSecond, promisedBitsPerSecond, shortSeconds } = row;
        const rates = [offeredBitsPerSecond, deliveredBitsPerSecond, promisedBitsPerSecond] as const;
        insert.run(atS, this.#seriesOf(row, added), seconds, ...rates, shortSeconds, reasonText(row.reason));
      }
      this.#database.prepare("INSERT OR REPLACE INTO sizes VALUES (?, ?)").run(atS, rows.length);
      const left = this.#prune(atS, this.#rows + rows.length);
      this.#database.exec("COMMIT");
      this.#rows = left;
    } catch (error) {
      // SQLite has rolled back by itself where the disk is full.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      for (const series of added) this.#forget(series);
      throw storage(this.#path, "write", error);
    }
  }

  async find(filter: DeliveryFilter): Promise<RolledRow[]> {
    const wanted = new Set([...this.#byId.values()].filter((series) => matches(series, filter)).map(({ id }) => id));
    const found: RolledRow[] = [];
    const page = "SELECT * FROM minutes WHERE (at_s, series) > (?, ?) ORDER BY at_s, series LIMIT ?";
    let [atS, last] = [Math.ceil(filter.sinceMs / 1000) - 1, Number.MAX_SAFE_INTEGER];
    for (;;) {
      const rows = this.#read(page, atS, last);
      for (const row of rows) {
        [atS, last] = [Number(row.at_s), Number(row.series)];
        const series = wanted.has(last) ? this.#byId.get(last) : undefined;
        if (series === undefined) continue;
        const { guest, vif, nic, direction } = series;
        found.push({
          atMs: atS * 1000,
          guest,
          vif,
          nic,
          direction,
          seconds: Number(row.seconds),
          offeredBitsPerSecond: Number(row.offered),
          deliveredBitsPerSecond: Number(row.delivered),
          promisedBitsPerSecond: Number(row.promised),
          short: Number(row.short_seconds) > 0,
          shortSeconds: Number(row.short_seconds),
          reason: reasonOf(String(row.reason)),
        });
      }
      if (rows.length < ROWS_A_TURN) return found;
      await turn();
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #read(sql: string, ...values: readonly number[]) {
    try {
      return this.#database.prepare(sql).all(...values, ROWS_A_TURN);
    } catch (error) {
      throw storage(this.#path, "read", error);
    }
  }

  /** Oldest first, a few minutes at a time. Returns how many rows are left of `rows`. */
  #prune(nowS: number, rows: number): number {
    let left = rows;
    const oldest = this.#database.prepare("SELECT at_s, rows FROM sizes ORDER BY at_s LIMIT 4");
    for (const size of oldest.all()) {
      const atS = Number(size.at_s);
      if (left <= this.#keptRows && atS >= nowS - KEPT_S) break;
      if (atS >= nowS - MINUTE_S) break;
      this.#database.prepare("DELETE FROM minutes WHERE at_s = ?").run(atS);
      this.#database.prepare("DELETE FROM sizes WHERE at_s = ?").run(atS);
      left -= Number(size.rows);
    }
    return left;
  }

  #seriesOf({ guest, vif, nic, direction }: RolledRow, added: Series[]): number {
    const known = this.#byKey.get(`${vif} ${nic} ${direction} ${guest}`);
    if (known !== undefined) return known.id;
    const insert = this.#database.prepare("INSERT INTO series (guest, vif, nic, direction) VALUES (?, ?, ?, ?)");
    const id = Number(insert.run(guest, vif, nic, direction).lastInsertRowid);
    const series = { id, guest, vif, nic, direction };
    added.push(series);
    this.#know(series);
    return id;
  }

  #know(series: Series): void {
    this.#byId.set(series.id, series);
    this.#byKey.set(`${series.vif} ${series.nic} ${series.direction} ${series.guest}`, series);
  }

  #forget(series: Series): void {
    this.#byId.delete(series.id);
    this.#byKey.delete(`${series.vif} ${series.nic} ${series.direction} ${series.guest}`);
  }
}

const reasonText = (reason: DeliveryReason): string =>
  reason.kind === "nic-lost" ? `${reason.kind} ${reason.nics.join(" ")}` : reason.kind;

function reasonOf(text: string): DeliveryReason {
  const [kind, ...nics] = text.split(" ");
  return (kind === "nic-lost" ? { kind, nics } : { kind }) as DeliveryReason;
}

function storage(path: string, what: "open" | "read" | "write", cause: unknown): GonaError {
  const words = cause instanceof Error ? cause.message : String(cause);
  const hint = "see that the directory can be written and the disk has room";
  return new GonaError("STORAGE", `cannot ${what} ${path}: ${words}`, { hint }, { cause });
}
