import type { LinkState, TapOutcome, Taps } from "@gona/kernel";
import { guestId, vifId } from "@gona/model";
import { expect, test } from "vitest";
import { EventLog } from "../src/event-log.ts";
import { Hub } from "../src/hub.ts";
import { LinkTable } from "../src/link-table.ts";
import { silentLogger } from "../src/logger.ts";
import { TapBackPressure } from "../src/tap-back-pressure.ts";
import { makeBed, settle, specText } from "./bed.ts";

const UNLIMITED = 2 ** 31 - 1;

/** Taps that are held unless named in `unheld`; remembers what each call asked for. */
class FakeTaps implements Taps {
  readonly asked: ReadonlyMap<string, number>[] = [];
  readonly unheld = new Set<string>();
  readonly limits = new Map<string, number>();

  limit(wanted: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, TapOutcome>> {
    this.asked.push(wanted);
    const outcomes = new Map<string, TapOutcome>();
    for (const [tap, bytes] of wanted) {
      if (this.unheld.has(tap)) {
        outcomes.set(tap, { kind: "unheld", hidden: false });
        continue;
      }
      outcomes.set(tap, { kind: "limited", changed: this.limits.get(tap) !== bytes });
      this.limits.set(tap, bytes);
    }
    return Promise.resolve(outcomes);
  }
}

const tap = (carrier: boolean): LinkState => ({
  name: "tap-web1",
  ifindex: 7,
  kind: "tun",
  mac: "",
  mtu: 1500,
  up: true,
  carrier,
  peerElsewhere: false,
  txBytes: 0n,
  rxBytes: 0n,
  txPackets: 0n,
  rxPackets: 0n,
  txDropped: 0n,
  rxDropped: 0n,
});

/** The hub of a host that converged, and the service over it. */
async function service(carrier = true) {
  const bed = makeBed();
  await bed.controller.start({ text: specText(), file: "host.yaml" });
  await settle();
  const taps = new FakeTaps();
  const links = new LinkTable();
  links.refresh([tap(carrier)]);
  const hub = new Hub(bed.plane);
  hub.current();
  const events = new EventLog(bed.store, bed.clock, silentLogger());
  const pressure = new TapBackPressure({ taps, links, hub, clock: bed.clock, events, log: silentLogger() });
  const told = () => events.recent({ limit: 50 }).filter(({ kind }) => kind === "back-pressure");
  const advance = async (milliseconds: number): Promise<void> => {
    await bed.clock.advance(milliseconds);
    await settle();
    await pressure.settle();
  };
  return { bed, taps, links, hub, pressure, told, advance, [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose]() };
}

test("a tap is limited once the hub has its queues, and asked about again only when something happened", async () => {
  await using run = await service();
  run.pressure.soon();
  await run.advance(20);
  expect(run.taps.limits.get("tap-web1")).toBeGreaterThan(100_000);
  run.pressure.soon();
  await run.advance(20);
  expect(run.taps.asked).toHaveLength(1);
  run.pressure.look();
  await run.advance(20);
  expect(run.taps.asked).toHaveLength(2);
  expect(run.told()).toEqual([]);
});

test("a hypervisor that sets its own buffer after it opened the tap is put right a second later", async () => {
  await using run = await service();
  run.pressure.linkChanged("tap-web1");
  await run.advance(20);
  const limit = run.taps.limits.get("tap-web1");
  run.taps.limits.set("tap-web1", UNLIMITED);
  await run.advance(1000);
  expect(run.taps.limits.get("tap-web1")).toBe(limit);
});

test("a tap that nobody holds is told of once, and limited when somebody opens it", async () => {
  await using run = await service(false);
  run.pressure.soon();
  await run.advance(20);
  run.pressure.look();
  await run.advance(20);
  // Without a carrier nobody has it open: no process is looked at.
  expect(run.taps.asked).toEqual([]);
  expect(run.told()).toMatchObject([{ subject: vifId(guestId("web1")), cause: "no process has it open" }]);
  run.links.apply({ kind: "changed", link: tap(true) });
  run.pressure.linkChanged("tap-web1");
  await run.advance(20);
  expect(run.taps.limits.get("tap-web1")).toBeGreaterThan(100_000);
  expect(run.told()).toHaveLength(1);
});

test("a vif that leaves takes its limit along, also one that an earlier daemon had set", async () => {
  await using run = await service();
  run.pressure.adopt();
  await run.bed.controller.applier.apply({ text: specText(["db1"]), file: "host.yaml" });
  run.hub.doubt();
  run.hub.current();
  run.pressure.soon();
  await run.advance(20);
  expect([...run.taps.limits]).toEqual([["tap-web1", UNLIMITED]]);
});
