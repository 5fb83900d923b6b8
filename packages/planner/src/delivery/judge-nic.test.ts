import { bitsPerSecond, type NicId, type SliceShare, shares } from "@gona/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeReason } from "./delivery-reason.ts";
import { errorPercent, judgeLost, judgeNic, type NicInterval, type SliceInterval } from "./judge-nic.ts";

const M = 1e6;
const eth2 = "eth2" as NicId;
const share = (reserve: number, limit: number, weight = 100): SliceShare => ({
  reserve: bitsPerSecond(reserve * M),
  limit: bitsPerSecond(limit * M),
  shares: shares(weight),
});

/** Rates in Mbit/s. */
interface Row {
  readonly share: SliceShare;
  readonly offered: number;
  readonly delivered: number;
  readonly waiting?: boolean;
  readonly drops?: number;
  readonly stalledLooks?: number;
  readonly capped?: boolean;
  readonly lostNics?: readonly NicId[];
}

const slice = ({ share, offered, delivered, waiting = false, drops = 0, ...more }: Row): SliceInterval => ({
  stalledLooks: 0,
  capped: false,
  lostNics: [],
  ...more,
  share,
  measured: {
    seconds: 1,
    offeredBitsPerSecond: offered * M,
    deliveredBitsPerSecond: delivered * M,
    waiting,
    drops,
  },
});

const judge = (capacity: number, total: number, ...rows: readonly Row[]) =>
  judgeNic({ capacityBitsPerSecond: capacity * M, totalBitsPerSecond: total * M, slices: rows.map(slice) }).map(
    (delivery) => ({
      kind: delivery.reason.kind,
      promised: Math.round(delivery.promisedBitsPerSecond / 1e4) / 100,
      short: delivery.short,
    }),
  );

describe("one second of a NIC", () => {
  it.each<[string, number, number, Row[], { kind: string; promised: number; short: boolean }[]]>([
    [
      "a guest that sends less has all that it sent",
      1000,
      20,
      [{ share: share(100, 500), offered: 20, delivered: 20 }],
      [{ kind: "guest", promised: 20, short: false }],
    ],
    [
      "a guest at its limit",
      1000,
      500,
      [{ share: share(100, 500), offered: 900, delivered: 500, waiting: true, drops: 9 }],
      [{ kind: "limit", promised: 500, short: false }],
    ],
    [
      "a closed loop just below the limit, its queue empty at the moment of the look",
      1000,
      495,
      [{ share: share(100, 500), offered: 495, delivered: 495 }],
      [{ kind: "limit", promised: 500, short: false }],
    ],
    [
      "two that compete have what their reservations and shares say",
      1000,
      999,
      [
        { share: share(600, 1000), offered: 800, delivered: 799, waiting: true },
        { share: share(0, 1000), offered: 5000, delivered: 200, waiting: true, drops: 1000 },
      ],
      [
        { kind: "saturated", promised: 800, short: false },
        { kind: "saturated", promised: 200, short: false },
      ],
    ],
    [
      "one that has less than its part is short",
      1000,
      999,
      [
        { share: share(600, 1000), offered: 700, delivered: 599, waiting: true },
        { share: share(0, 1000), offered: 5000, delivered: 400, waiting: true, drops: 1000 },
      ],
      [
        { kind: "saturated", promised: 800, short: true },
        { kind: "saturated", promised: 200, short: false },
      ],
    ],
    [
      "a reservation missed by 2 % is short, a part missed by 2 % is not",
      1000,
      999,
      [
        { share: share(980, 1000, 1), offered: 960, delivered: 960, waiting: true },
        { share: share(0, 1000, 10_000), offered: 20, delivered: 19.6, waiting: true },
      ],
      [
        { kind: "saturated", promised: 980, short: true },
        { kind: "saturated", promised: 20, short: false },
      ],
    ],
    [
      "a guest alone that fills the NIC has no limit but the NIC's",
      1000,
      995,
      [{ share: share(100, 1000), offered: 995, delivered: 995, waiting: true }],
      [{ kind: "saturated", promised: 1000, short: false }],
    ],
    [
      "bursts are dropped by the guest's own doing",
      1000,
      50,
      [{ share: share(0, 100), offered: 90, delivered: 50, drops: 30 }],
      [{ kind: "bursts", promised: 90, short: false }],
    ],
    [
      "held by the cap: what comes through it is all that is due here",
      1000,
      50,
      [{ share: share(0, 100), offered: 50, delivered: 50, capped: true }],
      [{ kind: "cap", promised: 50, short: false }],
    ],
    [
      "something waits on an idle NIC: a burst at first, a slow wire at last",
      1000,
      80,
      [
        { share: share(50, 500), offered: 41, delivered: 40, waiting: true, stalledLooks: 2 },
        { share: share(50, 500), offered: 41, delivered: 40, waiting: true, stalledLooks: 3 },
      ],
      [
        { kind: "guest", promised: 41, short: false },
        { kind: "behind", promised: 500, short: true },
      ],
    ],
    [
      "at its limit, with another NIC lost",
      1000,
      500,
      [{ share: share(100, 500), offered: 900, delivered: 500, waiting: true, lostNics: [eth2] }],
      [{ kind: "nic-lost", promised: 500, short: false }],
    ],
    [
      "a NIC that is lost is no reason for one that sends little",
      1000,
      5,
      [{ share: share(100, 500), offered: 5, delivered: 5, lostNics: [eth2] }],
      [{ kind: "guest", promised: 5, short: false }],
    ],
  ])("%s", (_name, capacity, total, rows, expected) => {
    expect(judge(capacity, total, ...rows)).toEqual(expected);
  });

  it("the host's own traffic has its part", () => {
    const host = slice({ share: share(10, 1000), offered: 400, delivered: 100 });
    const interval: NicInterval = {
      capacityBitsPerSecond: 1000 * M,
      totalBitsPerSecond: 1000 * M,
      host,
      slices: [slice({ share: share(0, 1000), offered: 900, delivered: 600, waiting: true })],
    };
    expect(judgeNic(interval)[0]).toMatchObject({ promisedBitsPerSecond: 600 * M, short: false });
  });

  it("is not promised more than the NIC has, and never more than the limit", () => {
    const row = fc
      .record({
        reserve: fc.integer({ min: 0, max: 500 }),
        more: fc.integer({ min: 1, max: 500 }),
        offered: fc.integer({ min: 0, max: 2000 }),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
        waiting: fc.boolean(),
      })
      .map(({ reserve, more, offered, part, waiting }) => ({
        share: share(reserve, reserve + more),
        offered,
        delivered: Math.min(offered * part, reserve + more),
        waiting,
      }));
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 2000 }),
        (rows, capacity) => {
          const total = Math.min(
            capacity,
            rows.reduce((sum, { delivered }) => sum + delivered, 0),
          );
          const judged = judgeNic({
            capacityBitsPerSecond: capacity * M,
            totalBitsPerSecond: total * M,
            slices: rows.map(slice),
          });
          const sum = judged.reduce((all, { promisedBitsPerSecond }) => all + promisedBitsPerSecond, 0);
          expect(sum).toBeLessThanOrEqual(capacity * M * (1 + 1e-9));
          for (const [n, { promisedBitsPerSecond, short, reason }] of judged.entries()) {
            expect(promisedBitsPerSecond).toBeLessThanOrEqual((rows[n]?.share.limit ?? 0) * (1 + 1e-9));
            if (reason.kind === "guest" || reason.kind === "bursts") expect(short).toBe(false);
          }
        },
      ),
    );
  });
});

describe("a NIC that is lost", () => {
  it.each([
    ["nothing is missing while the others carry all", 0, false, 0],
    ["the reservation is missing where they do not", 0, true, 100],
    ["what finds no way out is missing", 300, false, 300],
    ["up to the limit", 900, true, 500],
  ])("%s", (_name, offered, wantsMore, promised) => {
    const delivery = judgeLost(share(100, 500), eth2, offered * M, wantsMore);
    expect(delivery).toMatchObject({ promisedBitsPerSecond: promised * M, short: promised > 0 });
    expect(describeReason(delivery.reason, eth2, "egress")).toBe("degraded: NIC eth2 lost");
    expect(errorPercent(delivery)).toBe(promised === 0 ? null : -100);
  });
});
