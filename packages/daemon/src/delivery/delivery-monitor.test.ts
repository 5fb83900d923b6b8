import { GonaError, type HostSpec, type NicId, type VifId } from "@gona/model";
import { EMPTY_HUB } from "@gona/planner";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { EventLog } from "../event-log.ts";
import { silentLogger } from "../logger.ts";
import { SqliteStore } from "../sqlite-store.ts";
import type { DeliveryHistory } from "./delivery-history.ts";
import { DeliveryMonitor } from "./delivery-monitor.ts";
import type { RolledRow } from "./delivery-roll.ts";
import type { DeliveryRow } from "./delivery-row.ts";

const SPEC: HostSpec = { domains: [], fabrics: [], nics: [], guests: [] };
const row = (more: Partial<DeliveryRow> = {}): DeliveryRow => ({
  guest: "web1",
  vif: "web1" as VifId,
  nic: "eth1" as NicId,
  direction: "egress",
  seconds: 1,
  offeredBitsPerSecond: 8e6,
  deliveredBitsPerSecond: 8e6,
  promisedBitsPerSecond: 8e6,
  short: false,
  reason: { kind: "guest" },
  ...more,
});

function makeBed(options: { source?: undefined; history?: DeliveryHistory } = {}) {
  const clock = new FakeClock();
  const events = new EventLog(SqliteStore.open(":memory:"), clock, silentLogger());
  const bed = {
    clock,
    events,
    looks: 0,
    rows: [] as readonly DeliveryRow[],
    costMs: 0,
    failure: undefined as Error | undefined,
    kept: [] as RolledRow[],
  };
  const sampler = {
    look() {
      bed.looks++;
      clock.spend(bed.costMs);
      if (bed.failure !== undefined) throw bed.failure;
      return bed.rows;
    },
  };
  const kept: DeliveryHistory = {
    add: (rows) => void bed.kept.push(...rows),
    find: ({ sinceMs }) => Promise.resolve(bed.kept.filter(({ atMs }) => atMs >= sinceMs)),
    [Symbol.dispose]: () => {},
  };
  const source = "source" in options ? () => undefined : () => ({ spec: SPEC, hub: EMPTY_HUB });
  const history = options.history ?? kept;
  const monitor = new DeliveryMonitor({ sampler, source, history, clock, events, log: silentLogger() });
  return Object.assign(bed, { monitor });
}

describe("how often the queues are looked at", () => {
  it("seldom while nobody watches, each second while somebody does", async () => {
    const bed = makeBed();
    bed.monitor.start();
    await bed.clock.advance(20_000);
    expect(bed.looks).toBe(5);
    await bed.clock.advance(3000);
    // Who asks sees what is, not what was three seconds ago.
    bed.monitor.watch();
    expect(bed.looks).toBe(6);
    bed.monitor.watch();
    expect(bed.looks).toBe(6);
    await bed.clock.advance(4000);
    expect(bed.looks).toBe(10);
    await bed.clock.advance(20_000);
    expect(bed.looks).toBeLessThanOrEqual(15);
  });

  it("each second while somebody follows, and each look is told", async () => {
    const bed = makeBed();
    bed.monitor.start();
    const told: number[] = [];
    {
      using _following = bed.monitor.follow(({ atMs }) => told.push(atMs));
      await bed.clock.advance(10_000);
    }
    expect(told.map((atMs) => atMs - (told[0] ?? 0))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => n * 1000));
    await bed.clock.advance(10_000);
    expect(told).toHaveLength(10);
  });

  it("each second while a promise is not kept", async () => {
    const bed = makeBed();
    bed.rows = [row({ short: true })];
    bed.monitor.start();
    await bed.clock.advance(10_000);
    expect(bed.looks).toBe(11);
  });

  it("less often where a look costs much", async () => {
    const bed = makeBed();
    bed.costMs = 50;
    bed.monitor.start();
    await bed.clock.advance(60_000);
    expect(bed.looks).toBe(7);
  });

  it("not at all while there is no spec, and after the end", async () => {
    const none = makeBed({ source: undefined });
    none.monitor.start();
    await none.clock.advance(20_000);
    expect(none.looks).toBe(0);
    const bed = makeBed();
    bed.monitor.start();
    bed.monitor[Symbol.dispose]();
    await bed.clock.advance(2000);
    bed.monitor.watch();
    await bed.clock.advance(20_000);
    expect(bed.looks).toBe(1);
  });

  it("again after one that failed", async () => {
    const bed = makeBed();
    bed.failure = new Error("no such device");
    bed.monitor.start();
    await bed.clock.advance(5000);
    bed.failure = undefined;
    bed.rows = [row()];
    await bed.clock.advance(5000);
    expect(bed.monitor.newest.rows).toHaveLength(1);
    expect(bed.monitor.of(row())).toEqual(row());
  });
});

describe("what is kept", () => {
  it("is two minutes of looks, and minutes once they are over or the daemon ends", async () => {
    const bed = makeBed();
    bed.rows = [row({ short: true })];
    bed.monitor.start();
    await bed.clock.advance(59_000);
    expect(bed.kept).toEqual([]);
    await bed.clock.advance(1000);
    expect(bed.kept).toMatchObject([{ seconds: 60, shortSeconds: 60, deliveredBitsPerSecond: 8e6 }]);
    await bed.clock.advance(240_000);
    const since = { sinceMs: 0 };
    expect(bed.monitor.recent(since)).toHaveLength(121);
    expect(bed.monitor.recent(since, 10).length).toBeLessThanOrEqual(13);
    expect(bed.monitor.recent({ guest: "db1", sinceMs: 0 })).toEqual([]);
    const before = bed.kept.length;
    bed.monitor[Symbol.dispose]();
    expect(bed.kept).toHaveLength(before + 1);
  });

  it("is asked for by minutes with the one under way, or in longer steps", async () => {
    const bed = makeBed();
    bed.rows = [row({ short: true })];
    bed.monitor.start();
    await bed.clock.advance(150_000);
    const minutes = await bed.monitor.minutes({ sinceMs: 0 }, 60);
    expect(minutes.map(({ seconds }) => seconds)).toEqual([60, 60, 31]);
    const [all] = await bed.monitor.minutes({ sinceMs: 0 }, 3600);
    expect(all).toMatchObject({ seconds: 151, shortSeconds: 151, deliveredBitsPerSecond: 8e6 });
  });

  it("has a gap while the disk is full, with one event, and goes on after", async () => {
    let full = true;
    const kept: RolledRow[] = [];
    const history: DeliveryHistory = {
      add(rows) {
        if (full) throw new GonaError("STORAGE", "database or disk is full");
        kept.push(...rows);
      },
      find: () => Promise.resolve(kept),
      [Symbol.dispose]: () => {},
    };
    const bed = makeBed({ history });
    bed.rows = [row()];
    bed.monitor.start();
    await bed.clock.advance(200_000);
    const failures = () => bed.events.recent({ limit: 100 }).filter(({ kind }) => kind === "history-failed");
    expect(failures()).toMatchObject([{ message: expect.stringContaining("disk is full") }]);
    full = false;
    await bed.clock.advance(70_000);
    expect(kept).toHaveLength(1);
    full = true;
    await bed.clock.advance(70_000);
    expect(failures()).toHaveLength(2);
  });
});
