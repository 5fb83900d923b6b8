import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { AF41, CLASS, GOAL_NS, LatencyBench, MAC, now, REST, SLOT, SPARSE, WITH_GOAL, ways } from "./latency-bench.ts";
import { ethernet, raw } from "./packets.ts";
import { PEER } from "./test-host.ts";

const bench = new LatencyBench();
afterAll(() => bench[Symbol.dispose]());
beforeEach(() => bench.begin());

describe("sparse flows", () => {
  test.each(ways)("%s: two frames in an interval, then the flow is bulk and stays so", (way) => {
    const parts = Array.from({ length: 5 }, () => bench.send(way).priority);
    expect(parts).toEqual([SPARSE, SPARSE, REST, REST, REST]);
    // For as long as its last packet may wait.
    bench.queue(0.5);
    bench.send(way);
    bench.setClock(SLOT, 0, way === "tx" ? "TX" : "RX", { intervalNs: 0n });
    expect(bench.send(way, 0, { length: 60 }).priority).toBe(REST);
  });

  test("each flow by itself", () => {
    bench.bulk("tx");
    expect(bench.send("tx").priority).toBe(REST);
    expect(bench.send("tx", 0, { id: bench.flow + 1000 }).priority).toBe(SPARSE);
  });

  test("a new interval gives a sparse flow a new allowance", () => {
    expect([bench.send("tx"), bench.send("tx")].map(({ priority }) => priority)).toEqual([SPARSE, SPARSE]);
    bench.setClock(SLOT, 0, "TX", { intervalNs: 0n });
    expect([bench.send("tx"), bench.send("tx"), bench.send("tx")].map(({ priority }) => priority)).toEqual([
      SPARSE,
      SPARSE,
      REST,
    ]);
  });

  test("the more flows, the less each may send: half of a fair part", () => {
    // 10 MB in an interval of 10 s; 5000 flows may send 1000 bytes each.
    bench.setClock(SLOT, 0, "TX", { intervalNs: now() - GOAL_NS - 1_000_000_000n, flows: 5000 });
    expect(bench.send("tx", 0, { length: 900 }).priority).toBe(SPARSE);
    expect(bench.clock(SLOT, 0, "TX")).toMatchObject({ fair: 2000, flows: 1, flowsBefore: 5000 });
    expect(bench.send("tx", 0, { length: 101 }).priority).toBe(REST);
  });

  test("flows are counted once in an interval", () => {
    for (let i = 0; i < 3; i++) for (const id of [1, 2, 3, 4]) bench.send("tx", 0, { id: id + 2000, length: 60 });
    expect(bench.clock(SLOT, 0, "TX").flows).toBe(4);
  });

  test("a bulk flow is sparse again when its last packet has certainly left, and not before", () => {
    bench.bulk("tx");
    bench.setClock(SLOT, 0, "TX", { intervalNs: 0n });
    bench.setFlows((each) => ({ ...each, bulkUntilNs: now() + GOAL_NS }));
    expect(bench.send("tx", 0, { length: 60 }).priority).toBe(REST);
    bench.setFlows((each) => ({ ...each, bulkUntilNs: now() - 1n }));
    expect(bench.send("tx", 0, { length: 60 }).priority).toBe(SPARSE);
  });

  test("a bulk flow stays one until the queue before it is over", () => {
    bench.bulk("tx");
    bench.queue(0.5);
    bench.send("tx");
    let until = 0n;
    bench.setFlows((each) => {
      if (each.bulkUntilNs > until) until = each.bulkUntilNs;
      return each;
    });
    const left = until - now();
    expect(Number(left) / Number(GOAL_NS)).toBeGreaterThan(0.1);
    expect(Number(left) / Number(GOAL_NS)).toBeLessThan(0.51);
  });

  test("what is no IP is a flow as well", () => {
    const frame = ethernet({ to: PEER, from: MAC }, raw(new Uint8Array(1500).fill(bench.flow)));
    const parts = Array.from({ length: 3 }, () => bench.fromGuest(SLOT, frame).priority);
    expect(parts).toEqual([SPARSE, SPARSE, REST]);
  });

  test("a flow that finds no place shares the fate of a bulk flow; sparse ones make room", () => {
    bench.fillFlows(now() + GOAL_NS);
    expect(bench.send("tx", 0, { length: 60 }).priority).toBe(REST);
    bench.fillFlows(0n);
    expect(bench.send("tx", 0, { length: 60 }).priority).toBe(SPARSE);
  });

  test("of a class they stay in the class", () => {
    const parts = Array.from({ length: 3 }, () => bench.send("tx", AF41 << 2).priority);
    expect(parts).toEqual([CLASS + WITH_GOAL, CLASS + WITH_GOAL, CLASS + WITH_GOAL]);
  });

  test("without a goal for the rest there is no part for them, and no clock", () => {
    bench.guest({ goalUs: 0 });
    bench.setClock(SLOT, 0, "TX", { finishNs: Array.from({ length: 8 }, () => 0n), intervalNs: 0n });
    expect(bench.send("tx").priority).toBe(REST);
    expect(bench.clock(SLOT, 0, "TX")).toMatchObject({ intervalNs: 0n, finishNs: Array.from({ length: 8 }, () => 0n) });
  });
});
