import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUCKETS, fillBuckets } from "../bucket-table.ts";
import { balance } from "./balance.ts";

const NEVER = new Float64Array(BUCKETS).fill(Number.NEGATIVE_INFINITY);
const MBIT = 125_000;

/** Capacities in Mbit/s by slice; 0: not usable. */
const slicesOf = (limits: readonly number[]) => limits.map((limit) => ({ capacity: limit * MBIT }));
const limits = fc
  .array(fc.constantFrom(0, 100, 100, 250, 1000), { minLength: 2, maxLength: 8 })
  .filter((all) => all.some((limit) => limit > 0));

const pareto = (draw: number, shape: number): number => (1 - draw) ** (-1 / shape);
/** Many small flows and a few large ones: a Pareto tail of this shape, cut where one item would be an elephant. */
const tailed = (shape: number, most: number) =>
  fc
    .array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: BUCKETS, maxLength: BUCKETS })
    .map((draws) => Float64Array.from(draws, (draw) => Math.min(most, pareto(draw, shape)) * 10_000));
const table = (sizes: number) =>
  fc.array(fc.nat(sizes - 1), { minLength: BUCKETS, maxLength: BUCKETS }).map((slices) => Uint8Array.from(slices));

const run = (tableNow: Uint8Array, rates: Float64Array, sizes: readonly number[], movedMs = NEVER, nowMs = 0) =>
  balance({ table: tableNow, rates, slices: slicesOf(sizes), nowMs, movedMs });

describe("balance", () => {
  const scenes = limits.chain((sizes) => fc.tuple(fc.constant(sizes), table(sizes.length), tailed(1.2, 1e6)));

  it("points to usable slices alone, with as many moves as the tables differ in", () => {
    fc.assert(
      fc.property(scenes, ([sizes, before, rates]) => {
        const { table: after, moves } = run(before, rates, sizes);
        for (const slice of after) expect(sizes[slice]).toBeGreaterThan(0);
        const moved = before.filter((slice, bucket) => slice !== after[bucket]).length;
        expect(moves.length).toBe(moved);
        for (const { bucket, from, to } of moves) expect([from, to]).toEqual([before[bucket], after[bucket]]);
      }),
      { numRuns: 30 },
    );
  });

  it("changes nothing the second time", () => {
    fc.assert(
      fc.property(scenes, ([sizes, before, rates]) => {
        const once = run(before, rates, sizes);
        const twice = run(once.table, rates, sizes);
        expect(twice.moves).toEqual([]);
        expect(twice.table).toBe(once.table);
      }),
      { numRuns: 30 },
    );
  });

  it("brings mice of a heavy tail within 5 % of even at once", () => {
    const even = limits.chain((sizes) => fc.tuple(fc.constant(sizes.filter((size) => size > 0)), tailed(1.2, 30)));
    fc.assert(
      fc.property(even, ([sizes, rates]) => {
        const { after } = run(fillBuckets(sizes), rates, sizes);
        expect(after.spread).toBeLessThanOrEqual(0.05);
      }),
      { numRuns: 30 },
    );
  });

  it("moves few buckets to level a slice that has a few per cent too much", () => {
    const rates = new Float64Array(BUCKETS).fill(10_000);
    const before = fillBuckets([1, 1]);
    for (let bucket = 0; bucket < BUCKETS; bucket++) if (before[bucket] === 0) rates[bucket] = 11_000;
    const { moves, after } = run(before, rates, [1000, 1000]);
    expect(after.spread).toBeLessThan(0.02);
    expect(moves.length).toBeLessThanOrEqual(28);
    expect(moves.every(({ from, to, reason }) => from === 0 && to === 1 && reason === "level")).toBe(true);
  });

  it("keeps an elephant where it is and moves the mice away from it", () => {
    const rates = new Float64Array(BUCKETS).fill(1000);
    rates[5] = 1_000_000;
    const { table: after, moves, after: load } = run(fillBuckets([1, 1]), rates, [100, 100]);
    expect(after[5]).toBe(0);
    expect(load.spread).toBeLessThan(0.02);
    expect(moves.every(({ from, reason }) => from === 0 && reason === "beside-elephant")).toBe(true);
  });

  it("carries an elephant to the slice that has room for it", () => {
    const rates = new Float64Array(BUCKETS);
    rates[5] = 100 * MBIT;
    const home = fillBuckets([10_000, 1000]);
    home[5] = 1;
    expect(run(home, rates, [10_000, 1000]).moves).toMatchObject([{ bucket: 5, from: 1, to: 0, reason: "elephant" }]);
  });

  it("parts two elephants", () => {
    const rates = new Float64Array(BUCKETS);
    rates[5] = 50 * MBIT;
    rates[6] = 50 * MBIT;
    const home = fillBuckets([1, 1]);
    expect([home[5], home[6]]).toEqual([0, 0]);
    expect(run(home, rates, [100, 100]).moves).toHaveLength(1);
  });

  it("lets small differences and little traffic be", () => {
    const rates = new Float64Array(BUCKETS).fill(10_000);
    rates[0] = 100_000;
    expect(run(fillBuckets([1, 1]), rates, [1000, 1000]).moves).toEqual([]);
    const trickle = new Float64Array(BUCKETS);
    trickle[0] = 20_000;
    trickle[1] = 20_000;
    expect(run(fillBuckets([1, 1]), trickle, [1000, 1000]).moves).toEqual([]);
  });

  it("leaves buckets that moved a moment ago where they are", () => {
    const rates = new Float64Array(BUCKETS).fill(10_000);
    const all = new Uint8Array(BUCKETS);
    const movedMs = new Float64Array(BUCKETS).fill(500);
    expect(run(all, rates, [100, 100], movedMs, 600).moves).toEqual([]);
    expect(run(all, rates, [100, 100], movedMs, 1600).moves.length).toBeGreaterThan(500);
  });

  it("moves what a slice that is gone leaves behind, idle buckets in proportion", () => {
    const rates = new Float64Array(BUCKETS);
    const { table: after, moves } = run(fillBuckets([1, 1, 1]), rates, [0, 300, 100]);
    const counts = [0, 1, 2].map((slice) => after.filter((one) => one === slice).length);
    expect(counts).toEqual([0, 683, 341]);
    expect(moves.every(({ from, reason }) => from === 0 && reason === "lost")).toBe(true);
  });

  it("reckons with flows that left their bucket's slice", () => {
    const rates = new Float64Array(BUCKETS).fill(10_000);
    const half = 512 * 10_000;
    const slices = [
      { capacity: 100 * MBIT, strayed: half / 2 },
      { capacity: 100 * MBIT, strayed: -half / 2 },
    ];
    const { moves } = balance({ table: fillBuckets([1, 1]), rates, slices, nowMs: 0, movedMs: NEVER });
    expect(moves.length).toBeGreaterThan(240);
    expect(moves.every(({ from }) => from === 0)).toBe(true);
  });
});
