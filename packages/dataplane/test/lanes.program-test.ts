import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { Limit } from "../src/abi.ts";
import { CLASS, LatencyBench, MAC, now, REST, SLOT, SPARSE, ways } from "./latency-bench.ts";
import type { BenchVif } from "./program-bench.ts";
import { NOWHERE } from "./program-bench.ts";

/** So slow that what waits in a lane is not out, and the lane free again, before a busy machine's test is over. */
const SLOW = 1000;

const bench = new LatencyBench();
afterAll(() => bench[Symbol.dispose]());
beforeEach(() => {
  bench.begin();
  laned();
  for (const direction of ["TX", "RX"] as const) bench.setClock(SLOT, 0, direction, NO_LANES);
});

const NO_LANES = {
  laneNs: Array.from({ length: 8 }, () => 0),
  laneUntil: Array.from({ length: 8 }, () => 0),
  laneFlows: Array.from({ length: 8 }, () => 0),
  laneFlowsBefore: Array.from({ length: 8 }, () => 0),
};

function laned(more: Partial<BenchVif> = {}): void {
  const slices = [{ nic: 0, mac: MAC, classid: CLASS, txBytesPerS: SLOW, rxBytesPerS: SLOW }];
  bench.guest({ flags: ["CHECK_MAC", "PARTS", "LANES"], slices, ...more });
}

describe("lanes", () => {
  const lanes = Array.from({ length: Limit.LANES }, (_, lane) =>
    lane === 0 ? REST : (Limit.HTB_MAJOR * 0x10000 + Limit.LANE_MINOR + Limit.LANES * SLOT + lane) >>> 0,
  );
  const classOf = (id: number) => bench.send("tx", 0, { id }).priority;
  const bulkClass = (id: number) => [classOf(id), classOf(id), classOf(id)].at(-1) ?? 0;

  test.each(ways)("%s: eight bulk flows have a lane each, and keep it", (way) => {
    const ids = lanes.map((_, index) => 3000 + index + (way === "tx" ? 0 : 100));
    const send = (id: number) => bench.send(way, 0, { id }).priority;
    for (const id of ids) for (let i = 0; i < 2; i++) expect(send(id)).toBe(SPARSE);
    const first = ids.map(send);
    expect(new Set(first)).toEqual(new Set(lanes));
    for (let i = 0; i < 3; i++) expect(ids.map(send)).toEqual(first);
  });

  test("further flows take the lanes with the fewest", () => {
    const taken = Array.from({ length: 2 * Limit.LANES }, (_, index) => bulkClass(3200 + index));
    for (const lane of lanes) expect(taken.filter((each) => each === lane)).toHaveLength(2);
  });

  test("a lane is free again when the last packet of its flow has left", () => {
    const soon = Number((now() >> 20n) + 1000n);
    bench.setClock(SLOT, 0, "TX", { laneUntil: lanes.map((_, lane) => (lane === 5 ? soon - 2000 : soon)) });
    expect(bulkClass(3300)).toBe(lanes[5]);
  });

  test("what waits in a lane is the flow's own delay: the heavy one is dropped, a light one not", () => {
    const [heavy, light] = [bulkClass(3400), bulkClass(3401)];
    // Far beyond the goal, but for some frames all of it in one lane.
    laned({
      goalUs: 100_000,
      slices: [{ nic: 0, mac: MAC, classid: CLASS, txBytesPerS: 1_000_000, rxBytesPerS: 1_000_000 }],
    });
    const end = now() + 2_000_000_000n;
    const laneNs = lanes.map((lane) => (lane === heavy ? 1_900_000_000 : lane === light ? 9_000_000 : 0));
    bench.setClock(SLOT, 0, "TX", { finishNs: Array.from({ length: 8 }, () => end), laneNs });
    bench.setFlows((each) => ({ ...each, strikes: 0 }));
    expect(bench.send("tx", 0, { id: 3400 }).verdict).toBe("DROP_QUEUE");
    expect(bench.send("tx", 0, { id: 3401 })).toMatchObject({ verdict: "TO_WIRE", priority: light });
  });

  test("the part of a lane goes through the cap", () => {
    laned({ flags: ["CHECK_MAC", "PARTS", "LANES", "CAPPED"] });
    bench.spine("CAP", NOWHERE);
    for (let id = 3500; id < 3500 + Limit.LANES; id++) {
      const waits = [1, 2, 3].map(() => bench.send("tx", 0, { id })).at(-1);
      if (waits === undefined) throw new Error("nothing sent");
      expect(lanes).toContain(waits.priority);
      expect(bench.fromSpine(waits.mark, waits.packet).priority).toBe(waits.priority);
    }
  });
});
