import { type AggregateSpec, megabitsPerSecond, nicId, type SliceSpec, shares } from "@gona/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bigHost, wholeInventory } from "../test/big-host.ts";
import { firstOf } from "../test/first-of.ts";
import { desiredState } from "./desired-state.ts";
import { effectiveShares } from "./effective-shares.ts";
import { fitSpec } from "./fit-spec.ts";
import { EMPTY_HUB, sliceKey } from "./hub-state.ts";

const share = (reserve: number, limit: number) => ({
  reserve: megabitsPerSecond(reserve),
  limit: megabitsPerSecond(limit),
  shares: shares(100),
});
const slice = (nic: number, reserve: number, limit = 10_000, ingress?: number): SliceSpec => ({
  nic: nicId(`eth${nic}`),
  egress: share(reserve, limit),
  ...(ingress !== undefined && { ingress: share(ingress, limit) }),
});

/** An aggregate that keeps what it reserved. */
function keeping(slices: readonly SliceSpec[], more: Partial<AggregateSpec> = {}): AggregateSpec {
  const { aggregate } = firstOf(firstOf(bigHost(1, 1).guests).vifs);
  return { ...aggregate, slices, onNicLoss: "keep-reserve", ...more };
}
const without =
  (...lost: readonly number[]) =>
  (nic: string) =>
    !lost.some((number) => nic === `eth${number}`);
const reserves = (slices: readonly SliceSpec[]) =>
  slices.map(({ egress, ingress }) => [egress.reserve / 1e6, ingress && ingress.reserve / 1e6]);

describe("effectiveShares", () => {
  it("is the spec's own list while every NIC is up, and wherever nothing is kept", () => {
    const slices = [slice(1, 5), slice(2, 5)];
    expect(effectiveShares(keeping(slices), without())).toBe(slices);
    expect(effectiveShares(keeping(slices, { onNicLoss: "degrade" }), without(1))).toBe(slices);
  });

  it("moves what the lost slices reserve to the living ones, in proportion to their limits, each direction", () => {
    const slices = [slice(1, 300, 1000, 60), slice(2, 100, 2000, 0), slice(3, 0, 1000, 0)];
    expect(reserves(effectiveShares(keeping(slices), without(1)))).toEqual([
      [300, 60],
      [300, 40],
      [100, 20],
    ]);
    expect(reserves(effectiveShares(keeping(slices), without(1, 2)))).toEqual([
      [300, 60],
      [100, 0],
      [400, 60],
    ]);
  });

  it("gives the next slice of active-backup at least what the lost one had", () => {
    const slices = [slice(1, 300), slice(2, 100), slice(3, 50)];
    const aggregate = keeping(slices, { balance: "active-backup" });
    expect(reserves(effectiveShares(aggregate, without(1)))).toEqual([
      [300, undefined],
      [300, undefined],
      [50, undefined],
    ]);
    expect(effectiveShares(aggregate, without(2))).toBe(slices);
  });

  it("loses nothing of what was admitted, whichever one NIC is lost, and stays within limits", () => {
    let admitted = 0;
    const one = fc.record({
      reserve: fc.integer({ min: 0, max: 3000 }),
      more: fc.integer({ min: 64, max: 7000 }),
    });
    fc.assert(
      fc.property(fc.array(one, { minLength: 2, maxLength: 4 }), (parts) => {
        const host = bigHost(1, parts.length);
        const aggregate = keeping(parts.map(({ reserve, more }, nic) => slice(nic + 1, reserve, reserve + more)));
        const [guest] = host.guests;
        const vifs = guest?.vifs.map((vif) => ({ ...vif, aggregate })) ?? [];
        if (guest === undefined || fitSpec({ ...host, guests: [{ ...guest, vifs }] }).findings.length > 0) return;
        admitted++;
        const promised = parts.reduce((sum, { reserve }) => sum + reserve * 1e6, 0);
        for (const lost of parts.keys()) {
          const living = effectiveShares(aggregate, without(lost + 1)).filter((_, index) => index !== lost);
          expect(living.reduce((sum, { egress }) => sum + egress.reserve, 0)).toBeGreaterThanOrEqual(promised);
          for (const { egress } of living) expect(egress.reserve).toBeLessThanOrEqual(egress.limit);
        }
      }),
    );
    expect(admitted).toBeGreaterThan(20);
  });
});

it("the class of a living slice is assured what it took over, as soon as the NIC is known to be down", () => {
  const host = bigHost(2, 2);
  const aggregates = [
    keeping([slice(1, 4000), slice(2, 1000)]),
    { ...keeping([slice(1, 100), slice(2, 4800)]), onNicLoss: "degrade" as const },
  ];
  const guests = host.guests.map((guest, index) => ({
    ...guest,
    vifs: guest.vifs.map((vif) => ({ ...vif, aggregate: aggregates[index] ?? vif.aggregate })),
  }));
  const spec = { ...host, guests };
  expect(fitSpec(spec).findings).toEqual([]);
  const inventory = wholeInventory(spec);
  const whole = desiredState({ spec, inventory, observed: EMPTY_HUB });
  const rate = (desired: typeof whole, vif: number) => desired.hub.slices.get(sliceKey("eth2", vif))?.rate ?? 0;
  const down = { ...inventory, nicsUp: new Set([nicId("eth2")]) };
  const lost = desiredState({
    spec,
    inventory: down,
    observed: whole.hub,
    previous: { spec, inventory, desired: whole },
  });
  expect(rate(whole, 0)).toBeLessThan(5e9);
  expect(rate(lost, 0)).toBeGreaterThanOrEqual(5e9);
  expect(rate(lost, 1)).toBeGreaterThanOrEqual(4.8e9);
  expect(rate(lost, 0) + rate(lost, 1)).toBeLessThanOrEqual(9.9e9);
  const back = desiredState({
    spec,
    inventory,
    observed: lost.hub,
    previous: { spec, inventory: down, desired: lost },
  });
  expect(rate(back, 0)).toBe(rate(whole, 0));
});
