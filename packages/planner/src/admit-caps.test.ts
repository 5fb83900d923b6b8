import { type AggregateSpec, DEFAULT_FABRIC, megabitsPerSecond, nicId, shares } from "@gona/model";
import { describe, expect, it } from "vitest";
import { bigHost } from "../test/big-host.ts";
import { fitSpec } from "./fit-spec.ts";

const rate = megabitsPerSecond;
const slice = (nic: string, reserve: number, ingress: number) => ({
  nic: nicId(nic),
  egress: { reserve: rate(reserve), limit: rate(1000), shares: shares(100) },
  ingress: { reserve: rate(ingress), limit: rate(1000), shares: shares(100) },
});

/** What is found wrong with one guest of this aggregate on two NICs of 10 Gbit/s. */
function found(aggregate: Partial<AggregateSpec>) {
  const host = bigHost(1, 2);
  const guests = host.guests.map((guest) => ({
    ...guest,
    vifs: guest.vifs.map((vif) => ({ ...vif, aggregate: { ...vif.aggregate, ...aggregate } })),
  }));
  return fitSpec({ ...host, guests }).findings.map(({ path, allowed }) => [path, allowed]);
}

describe("a cap over all NICs", () => {
  const slices = [slice("eth1", 300, 100), slice("eth2", 200, 100)];

  it("is not below what the slices reserve, in either direction", () => {
    expect(found({ slices, limit: { egress: rate(500), ingress: rate(200), local: rate(1) } })).toEqual([]);
    expect(found({ slices, limit: { egress: rate(499), ingress: rate(199) } })).toEqual([
      ["guests[0].aggregate.limit.egress", "500 Mbit or more"],
      ["guests[0].aggregate.limit.ingress", "200 Mbit or more"],
    ]);
  });

  it("is for one slice at a time with active-backup", () => {
    expect(found({ slices, balance: "active-backup", limit: { egress: rate(300) } })).toEqual([]);
    expect(found({ slices, balance: "active-backup", limit: { egress: rate(299) } })).toHaveLength(1);
  });
});

it("classes of a guest that wants reserve no more than its slices may send", () => {
  const want = { reserve: rate(100), shares: shares(100), fabric: DEFAULT_FABRIC, survive: 0 };
  const classes = (megabits: number) =>
    ["a", "b"].map((name, index) => ({
      name,
      match: { pcp: [index] },
      priority: 4,
      reserve: { kind: "absolute" as const, rate: rate(megabits) },
    }));
  expect(found({ slices: [], want, classes: classes(10_000) })).toEqual([]);
  expect(found({ slices: [], want, classes: classes(15_000) })).toEqual([
    ["guests[0].aggregate.classes[1].reserve", "at most 5 Gbit is left for this class"],
  ]);
  expect(found({ slices: [], want: { ...want, limit: rate(4000) }, classes: classes(3000) })).toEqual([
    ["guests[0].aggregate.classes[1].reserve", "at most 1 Gbit is left for this class"],
  ]);
});
