import { bitsPerSecond, gigabitsPerSecond, megabitsPerSecond, nanoseconds, type SliceShare, shares } from "@gona/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assuredRate, RATE_FLOOR, reservable, sliceShape } from "./htb-shape.ts";
import { goodRatesPerShare, shareScale } from "./share-scale.ts";

const CAPACITY = gigabitsPerSecond(1);
const ROOM = reservable(CAPACITY);

/** Shares whose reservations fit together, up to the last bit. */
const slices = fc
  .array(fc.record({ reserve: fc.nat(100), limit: fc.nat(1000), weight: fc.integer({ min: 1, max: 10_000 }) }), {
    minLength: 1,
    maxLength: 60,
  })
  .map((list) => {
    const sum = list.reduce((total, { reserve }) => total + reserve, 0);
    const free = ROOM - list.length * RATE_FLOOR;
    return list.map(({ reserve, limit, weight }): SliceShare => {
      const reserved = bitsPerSecond(sum === 0 ? 0 : (free * reserve) / sum);
      return {
        reserve: reserved,
        limit: bitsPerSecond(Math.max(reserved, megabitsPerSecond(limit), 64_000)),
        shares: shares(weight),
      };
    });
  });

const assured = (list: readonly SliceShare[], ratePerShare: number): number =>
  list.reduce((sum, share) => sum + assuredRate(share, bitsPerSecond(ratePerShare)), 0);

describe("shareScale", () => {
  it("never assures more than the NIC has, nor more than a slice's limit, nor less than its reservation", () => {
    fc.assert(
      fc.property(slices, slices, (before, now) => {
        const scale = shareScale(ROOM, now, shareScale(ROOM, before));
        expect(assured(now, scale.ratePerShare)).toBeLessThanOrEqual(ROOM);
        for (const share of now) {
          const { rate, ceil } = sliceShape(share, scale, nanoseconds(512_000));
          expect(rate).toBeLessThanOrEqual(ceil);
          expect(rate).toBeGreaterThanOrEqual(share.reserve);
          expect(ceil).toBe(share.limit);
        }
      }),
    );
  });

  it("gives all but 3 % of what shares could be given", () => {
    fc.assert(
      fc.property(slices, slices, (before, now) => {
        const { ratePerShare } = shareScale(ROOM, now, shareScale(ROOM, before));
        const allAtLimit = now.every((share) => assuredRate(share, ratePerShare) === share.limit);
        if (!allAtLimit)
          expect(assured(now, Math.max((ratePerShare * 33) / 32, ratePerShare + 8))).toBeGreaterThan(ROOM);
      }),
    );
  });

  it("gives all that can be given where slices are few, so that shares are exact", () => {
    fc.assert(
      fc.property(slices, slices, (before, now) => {
        const { ratePerShare } = shareScale(ROOM, now, shareScale(ROOM, before));
        const allAtLimit = now.every((share) => assuredRate(share, ratePerShare) === share.limit);
        if (!allAtLimit) expect(assured(now, ratePerShare + 8)).toBeGreaterThan(ROOM);
      }),
    );
  });

  it("stays when one guest of many changes", () => {
    const guests = (last: number): readonly SliceShare[] =>
      Array.from({ length: 100 }, (_, index) => ({
        reserve: megabitsPerSecond(1),
        limit: CAPACITY,
        shares: shares(index === 99 ? last : 100),
      }));
    const before = shareScale(ROOM, guests(100));
    expect(shareScale(ROOM, guests(150), before)).toEqual(before);
    expect(shareScale(ROOM, guests(70), before)).toEqual(before);
  });

  it("is among the rates that a restarted daemon looks for, whatever was there before", () => {
    fc.assert(
      fc.property(slices, slices, (before, now) => {
        const { ratePerShare } = shareScale(ROOM, now, shareScale(ROOM, before));
        const rates = (perShare: number) => now.map((share) => assuredRate(share, bitsPerSecond(perShare)));
        expect(goodRatesPerShare(ROOM, now).map(rates)).toContainEqual(rates(ratePerShare));
      }),
    );
  });

  it("leaves shares nothing where reservations take all", () => {
    const all = [{ reserve: ROOM, limit: CAPACITY, shares: shares(100) }];
    expect(shareScale(ROOM, all).ratePerShare).toBe(0);
  });
});
