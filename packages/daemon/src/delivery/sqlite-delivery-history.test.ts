import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NicId, VifId } from "@gona/model";
import { afterEach, describe, expect, it } from "vitest";
import type { RolledRow } from "./delivery-roll.ts";
import { SqliteDeliveryHistory } from "./sqlite-delivery-history.ts";

const MINUTE = 60_000;
const directory = mkdtempSync(join(tmpdir(), "gona-e-history-"));
const path = join(directory, "history.db");
afterEach(() => {
  for (const end of ["", "-wal", "-shm", ".damaged"]) rmSync(path + end, { force: true });
});

const row = (minutes: number, guest = "web1", nic = "eth1", more: Partial<RolledRow> = {}): RolledRow => ({
  atMs: minutes * MINUTE,
  guest,
  vif: guest as VifId,
  nic: nic as NicId,
  direction: "egress",
  seconds: 60,
  offeredBitsPerSecond: 1e9,
  deliveredBitsPerSecond: 999_999_999.5,
  promisedBitsPerSecond: 1e11,
  short: true,
  shortSeconds: 3.5,
  reason: { kind: "nic-lost", nics: ["eth2" as NicId, "eth3" as NicId] },
  ...more,
});
const all = { sinceMs: 0 };

describe("minutes of deliveries", () => {
  it("come back as they were, also after a restart", async () => {
    const rows = [row(1), row(1, "web1", "eth2", { reason: { kind: "limit" }, short: false, shortSeconds: 0 })];
    {
      using history = SqliteDeliveryHistory.open(path);
      history.add(rows);
      expect(await history.find(all)).toEqual(rows);
    }
    using again = SqliteDeliveryHistory.open(path);
    expect(await again.find(all)).toEqual(rows);
    again.add([row(2)]);
    expect((await again.find(all)).map(({ atMs, nic }) => `${atMs / MINUTE} ${nic}`)).toEqual([
      "1 eth1",
      "1 eth2",
      "2 eth1",
    ]);
  });

  it("are found by guest, vif, NIC and time", async () => {
    using history = SqliteDeliveryHistory.open(":memory:");
    history.add([row(1), row(1, "db1"), row(1, "web1", "eth2", { vif: "web1/b" as VifId })]);
    history.add([row(2)]);
    const found = async (filter: object) => (await history.find({ ...all, ...filter })).length;
    expect(await found({ guest: "web1" })).toBe(3);
    expect(await found({ guest: "web1/b" })).toBe(1);
    expect(await found({ guest: "web1", nic: "eth1" })).toBe(2);
    expect(await found({ sinceMs: 2 * MINUTE })).toBe(1);
    expect(await found({ sinceMs: 2 * MINUTE + 1 })).toBe(0);
    expect(await found({ guest: "nobody" })).toBe(0);
  });

  it("are read page by page", async () => {
    using history = SqliteDeliveryHistory.open(":memory:");
    for (const minute of [1, 2, 3]) history.add(Array.from({ length: 3000 }, (_, n) => row(minute, `guest${n}`)));
    expect(await history.find(all)).toHaveLength(9000);
  });

  it("go after a week, and earlier where there are too many", async () => {
    using history = SqliteDeliveryHistory.open(":memory:", 5);
    const week = 7 * 24 * 60;
    history.add([row(1)]);
    history.add([row(2 + week)]);
    expect((await history.find(all)).map(({ atMs }) => atMs / MINUTE)).toEqual([2 + week]);
    for (let minute = 3; minute < 20; minute++) history.add([row(minute + week), row(minute + week, "db1")]);
    const left = await history.find(all);
    expect(left.length).toBeLessThanOrEqual(5);
    expect(left.at(-1)?.atMs).toBe((19 + week) * MINUTE);
  });

  it("that are damaged, or another version's, are moved away", async () => {
    writeFileSync(path, "this is no database, whatever its name says; ".repeat(100));
    using history = SqliteDeliveryHistory.open(path);
    history.add([row(1)]);
    expect(await history.find(all)).toHaveLength(1);
    expect(existsSync(`${path}.damaged`)).toBe(true);
  });

  it("cannot be where no directory is", () => {
    expect(() => SqliteDeliveryHistory.open(join(directory, "none", "history.db"))).toThrow(
      expect.objectContaining({ code: "STORAGE" }),
    );
  });
});
