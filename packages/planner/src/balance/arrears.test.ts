import { expect, it } from "vitest";
import { BUCKETS, fillBuckets } from "../bucket-table.ts";
import { Arrears } from "./arrears.ts";
import { balance } from "./balance.ts";
import { smoothRates } from "./smooth-rates.ts";

/** A generator of its own, so that the same flows come each time (mulberry32). */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const LOOK_S = 0.25;
const SLICES = [125e6, 12.5e6];

/** Spread of what two unequal slices carried from the third second to the 23rd, 1,000 Pareto mice a second, half of them on a quarter of the buckets. */
function spreadOf(seed: number, makesUp: boolean): number {
  const draw = draws(seed);
  const movedMs = new Float64Array(BUCKETS).fill(Number.NEGATIVE_INFINITY);
  const arrears = new Arrears();
  let table = fillBuckets(SLICES);
  let rates: Float64Array | undefined;
  let planned: readonly number[] | undefined;
  const carried = [0, 0];
  for (let look = 0; look < 92; look++) {
    const bytes = new Float64Array(BUCKETS);
    for (let flow = 0; flow < 250; flow++) {
      const bucket = Math.floor(draw() * BUCKETS) % (draw() < 0.5 ? 256 : BUCKETS);
      bytes[bucket] = (bytes[bucket] ?? 0) + Math.min(100_000, 5000 * (1 - draw()) ** (-1 / 1.1));
    }
    const sent = SLICES.map((_, slice) =>
      bytes.reduce((sum, one, bucket) => sum + (table[bucket] === slice ? one : 0), 0),
    );
    if (look >= 12) for (const slice of [0, 1]) carried[slice] = (carried[slice] ?? 0) + (sent[slice] ?? 0);
    rates = smoothRates(rates, bytes, LOOK_S);
    if (planned !== undefined) arrears.reckon(sent, planned, SLICES, LOOK_S);
    const slices = SLICES.map((capacity, slice) => ({ capacity, strayed: makesUp ? arrears.of(slice) : 0 }));
    const { table: next, moves, after } = balance({ table, rates, slices, nowMs: look * 250, movedMs });
    for (const { bucket } of moves) movedMs[bucket] = look * 250;
    table = next;
    planned = after.carried.map((rate) => rate / after.total);
  }
  const uses = carried.map((all, slice) => all / (SLICES[slice] ?? 1));
  return Math.abs((uses[0] ?? 0) - (uses[1] ?? 0)) / (carried.reduce((a, b) => a + b) / SLICES.reduce((a, b) => a + b));
}

it("mice that favour some buckets end up spread within 5 %, whatever each bucket's luck", () => {
  const spreads = [1, 2, 3].map((seed) => spreadOf(seed, true));
  const without = [1, 2, 3].map((seed) => spreadOf(seed, false));
  const mean = (all: readonly number[]) => all.reduce((a, b) => a + b) / all.length;
  expect(mean(spreads)).toBeLessThan(0.05);
  expect(mean(without)).toBeGreaterThan(mean(spreads));
});

it("what one set of slices owed is no matter of another, and no more than half is ever asked back", () => {
  const arrears = new Arrears();
  for (let look = 0; look < 40; look++) arrears.reckon([100, 0, 0], [0.5, 0.5, 0], [10, 10, 0], 0.25);
  expect(arrears.of(0)).toBeCloseTo(100);
  expect(arrears.of(1)).toBeCloseTo(-100);
  arrears.reckon([50, 50, 50], [0.5, 0.25, 0.25], [10, 10, 10], 0.25);
  expect(arrears.of(0)).toBeCloseTo((50 - 75) / 1.5);
  arrears.forget();
  expect(arrears.of(0)).toBe(0);
});
