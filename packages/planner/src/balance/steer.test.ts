import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Peer, steer } from "./steer.ts";

const MBIT = 125_000;
const peer = (index: number, at: number, mbit: number, rests = false): Peer => ({
  vlan: 0,
  mac: `02:00:00:00:00:${index.toString(16).padStart(2, "0")}`,
  at,
  bytesPerSecond: mbit * MBIT,
  rests,
});

describe("steer", () => {
  it("tells half of the peers that all come in by one of two slices", () => {
    const peers = [0, 1, 2, 3].map((index) => peer(index, 0, 20));
    const { moves, after } = steer(peers, [100, 100]);
    expect(moves).toHaveLength(2);
    expect(moves.every(({ to }) => to === 1)).toBe(true);
    expect(after.spread).toBe(0);
  });

  it("leaves alone who rests, who is alone, and what is hardly anything", () => {
    expect(steer([peer(0, 0, 20, true), peer(1, 0, 20, true)], [100, 100]).moves).toEqual([]);
    expect(steer([peer(0, 0, 20)], [100, 100]).moves).toEqual([]);
    expect(steer([peer(0, 0, 0.1), peer(1, 0, 0.1)], [100, 100]).moves).toEqual([]);
    expect(steer([peer(0, 0, 100), peer(1, 1, 95)], [100, 100]).moves).toEqual([]);
  });

  it("follows unequal slices", () => {
    const peers = Array.from({ length: 11 }, (_, index) => peer(index, index % 2, 10));
    const { after } = steer(peers, [1000, 100]);
    expect(after.carried.map((rate) => Math.round(rate / MBIT))).toEqual([100, 10]);
  });

  it("never steers to a slice that carries nothing, and has nothing to say the second time", () => {
    const drawn = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 0, max: 500 })), { maxLength: 40 });
    fc.assert(
      fc.property(drawn, fc.constantFrom([100, 0, 100], [1000, 0, 50]), (rows, capacities) => {
        const peers = rows.map(([at, mbit], index) => peer(index, at, mbit));
        const { moves } = steer(peers, capacities);
        expect(moves.every(({ to }) => to !== 1)).toBe(true);
        const moved = new Map(moves.map((move) => [move.peer, move.to]));
        const after = peers.map((one) => ({ ...one, at: moved.get(one) ?? one.at }));
        // Nobody hears a peer at a slice that is gone: only those that move are put right.
        if (after.every(({ at }) => at !== 1)) expect(steer(after, capacities).moves).toEqual([]);
      }),
    );
  });
});
