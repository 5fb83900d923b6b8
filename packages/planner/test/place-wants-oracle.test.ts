import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { shareOut, type Wish } from "../src/want/share-out.ts";
import { leftAfterLoss, spread } from "../src/want/spread.ts";
import { loadSolver, mostFor, type Solver } from "./survival-oracle.ts";

let solver: Solver;
beforeAll(async () => {
  solver = await loadSolver();
});

const MBIT = 1e6;

/** Two to five NICs, unequal, and guests that want from little to more than there is. */
const case_ = fc.integer({ min: 2, max: 5 }).chain((nics) =>
  fc.record({
    rooms: fc.array(
      fc.integer({ min: 0, max: 100 }).map((size) => size * 99 * MBIT),
      { minLength: nics, maxLength: nics },
    ),
    wishes: fc.array(
      fc.record({
        reserve: fc.integer({ min: 1, max: 8000 }).map((size) => size * MBIT),
        survive: fc.integer({ min: 0, max: nics - 1 }),
        weight: fc.constantFrom(1, 50, 100, 300),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  }),
);

/** Of a rate: what rounding to steps and the two solvers' tolerances may make of it. */
const near = (rate: number): number => rate * 1e-6 + 2000;

const wanted = (wishes: readonly Wish[]): readonly number[] => wishes.map(({ reserve }) => reserve);

describe("wants against an exact solver", () => {
  it("are granted if and only if they can be, and never take more than there is", () => {
    let fitting = 0;
    let not = 0;
    fc.assert(
      fc.property(case_, ({ rooms, wishes }) => {
        const reserves = spread(rooms, wishes);
        const most = mostFor(solver, rooms, wishes, wanted(wishes), 0);
        const [first] = wanted(wishes);
        if (reserves === undefined) {
          not++;
          // At the border rounding may refuse.
          expect(most === undefined || most <= (first ?? 0) + near(first ?? 0)).toBe(true);
          return;
        }
        fitting++;
        expect(most).toBeGreaterThanOrEqual((first ?? 0) - near(first ?? 0));
        for (const [index, wish] of wishes.entries()) {
          expect(leftAfterLoss(reserves[index] ?? [], wish.survive)).toBeGreaterThanOrEqual(wish.reserve);
        }
        for (const [nic, room] of rooms.entries()) {
          const sum = reserves.reduce((total, each) => total + (each[nic] ?? 0), 0);
          expect(sum).toBeLessThanOrEqual(room);
          expect(reserves.every((each) => (each[nic] ?? 0) % 8 === 0)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
    expect(Math.min(fitting, not)).toBeGreaterThan(50);
  });

  it("that do not fit get weighted max-min: nobody gets more but from one who has less for its weight", () => {
    let short = 0;
    fc.assert(
      fc.property(case_, ({ rooms, wishes }) => {
        const got = shareOut(rooms, wishes);
        for (const [g, wish] of wishes.entries()) {
          const mine = got[g] ?? 0;
          expect(mine).toBeLessThanOrEqual(wish.reserve);
          if (mine >= wish.reserve - near(wish.reserve)) continue;
          short++;
          const level = mine / wish.weight;
          const floors = wishes.map((other, h) => Math.max(0, Math.min(got[h] ?? 0, level * other.weight) - 1000));
          const most = mostFor(solver, rooms, wishes, floors, g);
          expect(most).toBeGreaterThanOrEqual(mine - near(mine));
          // The floors above are 1,000 low each, and a guest that survives four losses takes five times what it has.
          expect(most).toBeLessThanOrEqual(mine + near(mine) + 20_000 * wishes.length);
        }
      }),
      { numRuns: 150 },
    );
    expect(short).toBeGreaterThan(100);
  });
});
