import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { SqliteStore } from "./sqlite-store.ts";

function stateDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "gona-store-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}
const draft = (text: string) => ({ text, file: "h.yaml", sha256: `sha of ${text}`, nics: 1, guests: 2, atMs: 5 });

test("only a committed revision is the current one, also for the next daemon", () => {
  const path = join(stateDir(), "gona.db");
  {
    using store = SqliteStore.open(path);
    store.commit(store.begin(draft("one")));
    store.begin(draft("two"));
    store.rollBack(store.begin(draft("three")), "no carrier");
  }
  using store = SqliteStore.open(path);
  expect(store.current()).toMatchObject({ revision: 1, text: "one", state: "committed", guests: 2 });
  expect(store.unfinished().map((r) => r.revision)).toEqual([2]);
  expect(store.history(10).map((r) => [r.revision, r.state, r.error])).toEqual([
    [3, "rolled-back", "no carrier"],
    [2, "pending", undefined],
    [1, "committed", undefined],
  ]);
  expect(store.find(2)?.text).toBe("two");
  expect(store.find(9)).toBeUndefined();
});

test("events come back oldest first, the newest so many", () => {
  using store = SqliteStore.open(":memory:");
  for (let id = 1; id <= 5; id++) {
    store.addEvent({ id, at: "2026-01-01T00:00:00.000Z", kind: "nic-down", message: `event ${id}` });
  }
  expect(store.events({ limit: 2 }).map((e) => e.id)).toEqual([4, 5]);
  expect(store.events({ after: 3, limit: 10 }).map((e) => e.id)).toEqual([4, 5]);
  expect(store.lastEventId()).toBe(5);
});

test("the last good revisions are kept, however many were refused since", () => {
  using store = SqliteStore.open(":memory:");
  store.commit(store.begin(draft("good")));
  for (let n = 0; n < 50; n++) store.rollBack(store.begin(draft("bad")), "refused");
  expect(store.history(1000)).toHaveLength(22);
  expect(store.current()?.text).toBe("good");
  expect(store.begin(draft("next"))).toBe(52);
});

test("old events make room for new ones", () => {
  using store = SqliteStore.open(":memory:");
  for (let id = 1; id <= 10_240; id++) {
    store.addEvent({ id, at: "2026-01-01T00:00:00.000Z", kind: "nic-down", message: "" });
  }
  expect(store.events({ limit: 20_000 })[0]?.id).toBe(241);
});

test("a damaged file is a storage error that says what to do", () => {
  const path = join(stateDir(), "gona.db");
  writeFileSync(path, "this is not a database, it is a poem".repeat(100));
  expect(() => SqliteStore.open(path)).toThrow(
    expect.objectContaining({ code: "STORAGE", detail: { hint: expect.stringContaining("move it away") } }),
  );
});

test("a file of another layout is refused and left as it is", () => {
  const path = join(stateDir(), "gona.db");
  const read = (): unknown => {
    using database = new DatabaseSync(path);
    return { ...database.prepare("PRAGMA user_version").get(), ...database.prepare("SELECT x FROM revisions").get() };
  };
  {
    using database = new DatabaseSync(path);
    database.exec("CREATE TABLE revisions (x); INSERT INTO revisions VALUES (7); PRAGMA user_version = 99");
  }
  expect(() => SqliteStore.open(path)).toThrow(
    expect.objectContaining({ code: "STORAGE", message: expect.stringContaining("layout 99") }),
  );
  expect(read()).toEqual({ user_version: 99, x: 7 });
});

test("a directory that does not exist is a storage error", () => {
  expect(() => SqliteStore.open("/nonexistent/dir/gona.db")).toThrow(expect.objectContaining({ code: "STORAGE" }));
});
