import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { type HostEvent, hostEventSchema } from "@gona/api";
import { GonaError, type NicId, nicId } from "@gona/model";
import type { LacpMemory } from "@gona/planner";
import type { EventQuery, RevisionState, SpecDraft, Store, StoredRevision, StoredSpec } from "./store.ts";

/** Of each kind; a text may have megabytes, and a refused spec is tried every half minute. */
const KEPT_REVISIONS = { committed: 100, "rolled-back": 20 } as const;
const KEPT_EVENTS = 10_000;
const PRUNE_EVERY = 256;

/** Of SCHEMA; raised with each change of it. */
const LAYOUT = 1;
const SCHEMA = `
CREATE TABLE IF NOT EXISTS revisions (
  revision INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'committed', 'rolled-back')),
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  nics INTEGER NOT NULL,
  guests INTEGER NOT NULL,
  error TEXT,
  text TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS placements (revision INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS drained_nics (nic TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS lacp_ports (nic TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
PRAGMA user_version = ${LAYOUT};
`;
const COLUMNS = "revision, at_ms, state, file, sha256, nics, guests, error";
const SPECS = `SELECT ${COLUMNS}, text, json AS placement FROM revisions LEFT JOIN placements USING (revision)`;

/** The store in one SQLite file (WAL). Revisions are synced to disk; an event may be lost with the power. */
export class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #path: string;
  #addedEvents = 0;

  private constructor(path: string, database: DatabaseSync) {
    this.#path = path;
    this.#database = database;
  }

  /** Opens or makes the file (`:memory:` for tests). Throws STORAGE, also for a file that is damaged. */
  static open(path: string): SqliteStore {
    return storage(path, "open", () => {
      const database = new DatabaseSync(path);
      try {
        database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000;");
        const [check] = database.prepare("PRAGMA quick_check(1)").all();
        const verdict = String(check?.quick_check).replaceAll("\n", ", ");
        if (verdict !== "ok") throw new Error(`damaged: ${verdict}`);
        refuseOtherLayout(database);
        database.exec(SCHEMA);
        return new SqliteStore(path, database);
      } catch (error) {
        database.close();
        throw error;
      }
    });
  }

  begin(draft: SpecDraft): number {
    const { atMs, file, sha256, nics, guests, text, placement } = draft;
    const sql =
      "INSERT INTO revisions (at_ms, state, file, sha256, nics, guests, text) VALUES (?, 'pending', ?, ?, ?, ?, ?)";
    // Here, where the kernel is still untouched: nothing may fail after a commit.
    this.#prune("committed");
    this.#prune("rolled-back");
    return this.#durably(() => {
      const revision = Number(this.#run(sql, atMs, file, sha256, nics, guests, text).lastInsertRowid);
      if (placement !== undefined) {
        this.#run("INSERT INTO placements (revision, json) VALUES (?, ?)", revision, placement);
      }
      return revision;
    });
  }

  commit(revision: number): void {
    this.#durably(() => this.#run("UPDATE revisions SET state = 'committed' WHERE revision = ?", revision));
  }

  rollBack(revision: number, error: string): void {
    this.#durably(() =>
      this.#run("UPDATE revisions SET state = 'rolled-back', error = ? WHERE revision = ?", error, revision),
    );
  }

  current(): StoredSpec | undefined {
    const sql = `${SPECS} WHERE state = 'committed' ORDER BY revision DESC LIMIT 1`;
    return this.#all(sql).map(toSpec)[0];
  }

  find(revision: number): StoredSpec | undefined {
    return this.#all(`${SPECS} WHERE revision = ?`, revision).map(toSpec)[0];
  }

  history(limit: number): StoredRevision[] {
    return this.#all(`SELECT ${COLUMNS} FROM revisions ORDER BY revision DESC LIMIT ?`, limit).map(toRevision);
  }

  unfinished(): StoredRevision[] {
    return this.#all(`SELECT ${COLUMNS} FROM revisions WHERE state = 'pending' ORDER BY revision`).map(toRevision);
  }

  drained(): NicId[] {
    return this.#all("SELECT nic FROM drained_nics ORDER BY nic").map(({ nic }) => nicId(String(nic)));
  }

  setDrained(nic: NicId, drained: boolean): void {
    const sql = drained
      ? "INSERT OR IGNORE INTO drained_nics (nic) VALUES (?)"
      : "DELETE FROM drained_nics WHERE nic = ?";
    this.#durably(() => this.#run(sql, nic));
  }

  lacpMemories(): ReadonlyMap<NicId, LacpMemory> {
    const rows = this.#all("SELECT nic, json FROM lacp_ports ORDER BY nic");
    return new Map(rows.map(({ nic, json }) => [nicId(String(nic)), JSON.parse(String(json)) as LacpMemory]));
  }

  setLacpMemory(nic: NicId, memory: LacpMemory | undefined): void {
    if (memory === undefined) this.#run("DELETE FROM lacp_ports WHERE nic = ?", nic);
    else this.#run("INSERT OR REPLACE INTO lacp_ports (nic, json) VALUES (?, ?)", nic, JSON.stringify(memory));
  }

  addEvent(event: HostEvent): void {
    this.#run("INSERT INTO events (id, json) VALUES (?, ?)", event.id, JSON.stringify(event));
    if (++this.#addedEvents % PRUNE_EVERY === 0) {
      this.#run("DELETE FROM events WHERE id <= ?", event.id - KEPT_EVENTS);
    }
  }

  events({ after = 0, limit }: EventQuery): HostEvent[] {
    const rows = this.#all("SELECT json FROM events WHERE id > ? ORDER BY id DESC LIMIT ?", after, limit);
    return rows.reverse().map((row) => hostEventSchema.parse(JSON.parse(String(row.json))));
  }

  lastEventId(): number {
    return Number(this.#all("SELECT coalesce(max(id), 0) AS id FROM events")[0]?.id);
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#database.close();
  }

  /** WAL with NORMAL may lose the newest commits with the power; a revision must not be among them. */
  #durably<T>(change: () => T): T {
    storage(this.#path, "write", () => this.#database.exec("PRAGMA synchronous = FULL"));
    try {
      return change();
    } finally {
      this.#database.exec("PRAGMA synchronous = NORMAL");
    }
  }

  #prune(state: keyof typeof KEPT_REVISIONS): void {
    const newest = "SELECT revision FROM revisions WHERE state = ? ORDER BY revision DESC LIMIT ?";
    const sql = `DELETE FROM revisions WHERE state = ? AND revision NOT IN (${newest})`;
    this.#run(sql, state, state, KEPT_REVISIONS[state]);
    this.#run("DELETE FROM placements WHERE revision NOT IN (SELECT revision FROM revisions)");
  }

  #run(sql: string, ...values: (string | number)[]) {
    return storage(this.#path, "write", () => this.#prepare(sql).run(...values));
  }

  #all(sql: string, ...values: (string | number)[]): Record<string, SQLOutputValue>[] {
    return storage(this.#path, "read", () => this.#prepare(sql).all(...values));
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}

function toRevision(row: Record<string, SQLOutputValue>): StoredRevision {
  const error = row.error;
  return {
    revision: Number(row.revision),
    atMs: Number(row.at_ms),
    state: String(row.state) as RevisionState,
    file: String(row.file),
    sha256: String(row.sha256),
    nics: Number(row.nics),
    guests: Number(row.guests),
    ...(typeof error === "string" && { error }),
  };
}

const toSpec = (row: Record<string, SQLOutputValue>): StoredSpec => ({
  ...toRevision(row),
  text: String(row.text),
  ...(typeof row.placement === "string" && { placement: row.placement }),
});

/** Throws for a file that another version of GONA wrote, or another program: it is neither read nor changed. */
function refuseOtherLayout(database: DatabaseSync): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  const tables = Number(database.prepare("SELECT count(*) AS tables FROM sqlite_master").get()?.tables);
  if (version === LAYOUT || (version === 0 && tables === 0)) return;
  throw new Error(`layout ${version} of another version of GONA or another program (this one: ${LAYOUT})`);
}

/** Every fault of SQLite's is the disk's as far as a user can act on it. */
function storage<T>(path: string, what: "open" | "read" | "write", action: () => T): T {
  try {
    return action();
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    const away = "move it away; the daemon then starts from --spec or from what the kernel holds";
    const hint = /not a database|malformed|damaged/.test(words)
      ? `the file is damaged: ${away}`
      : words.startsWith("layout")
        ? `start what wrote it, or ${away}`
        : "see that the directory can be written and the disk has room";
    throw new GonaError("STORAGE", `cannot ${what} ${path}: ${words}`, { hint }, { cause });
  }
}
