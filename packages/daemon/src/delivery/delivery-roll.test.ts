import type { NicId, VifId } from "@gona/model";
import { describe, expect, it } from "vitest";
import { DeliveryRoll } from "./delivery-roll.ts";
import type { DeliveryRow } from "./delivery-row.ts";

const row = (more: Partial<DeliveryRow> = {}): DeliveryRow => ({
  guest: "web1",
  vif: "web1" as VifId,
  nic: "eth1" as NicId,
  direction: "egress",
  seconds: 1,
  offeredBitsPerSecond: 100,
  deliveredBitsPerSecond: 100,
  promisedBitsPerSecond: 100,
  short: false,
  reason: { kind: "guest" },
  ...more,
});
const minute = 60_000;

describe("rows of many looks", () => {
  it("are means over the time that was seen, not over the looks", () => {
    const roll = new DeliveryRoll(60);
    roll.add(minute + 1000, row({ seconds: 1, deliveredBitsPerSecond: 100 }));
    roll.add(minute + 6000, row({ seconds: 5, deliveredBitsPerSecond: 700, promisedBitsPerSecond: 400 }));
    expect(roll.rows()).toEqual([
      {
        ...row(),
        atMs: minute,
        seconds: 6,
        offeredBitsPerSecond: 100,
        deliveredBitsPerSecond: 600,
        promisedBitsPerSecond: 350,
        shortSeconds: 0,
      },
    ]);
  });

  it("stay apart by slice, direction and step, oldest first", () => {
    const roll = new DeliveryRoll(60);
    roll.add(2 * minute, row());
    roll.add(minute, row());
    roll.add(minute, row({ nic: "eth2" as NicId }));
    roll.add(minute, row({ direction: "ingress" }));
    expect(roll.rows().map(({ atMs, nic, direction }) => `${atMs / minute} ${nic} ${direction}`)).toEqual([
      "1 eth1 egress",
      "1 eth2 egress",
      "1 eth1 ingress",
      "2 eth1 egress",
    ]);
  });

  it("have the reason of the short time where there was some, else of most of the time", () => {
    const reasonOf = (...rows: readonly DeliveryRow[]) => {
      const roll = new DeliveryRoll(60);
      for (const each of rows) roll.add(minute, each);
      const [rolled] = roll.rows();
      return [rolled?.reason.kind, rolled?.short, rolled?.shortSeconds];
    };
    const limit = row({ seconds: 9, reason: { kind: "limit" } });
    expect(reasonOf(row(), limit)).toEqual(["limit", false, 0]);
    expect(reasonOf(row({ short: true, reason: { kind: "saturated" } }), limit)).toEqual(["saturated", true, 1]);
  });

  it("that were rolled before keep their short seconds", () => {
    const roll = new DeliveryRoll(600);
    roll.add(minute, row({ seconds: 60, short: true }), 7);
    expect(roll.rows()[0]).toMatchObject({ atMs: 0, short: true, shortSeconds: 7 });
  });
});
