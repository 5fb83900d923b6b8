import { type AggregateSpec, bitsPerSecond, type HostSpec, megabitsPerSecond, nicId, shares } from "@gona/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bigHost } from "../../test/big-host.ts";
import { firstOf } from "../../test/first-of.ts";
import { fitSpec } from "../fit-spec.ts";
import { fairFill } from "./fair-fill.ts";
import { withReserves } from "./reserve-change.ts";
import { whatIf } from "./what-if.ts";

type Part = Partial<AggregateSpec>;
const slice = (nic: number, reserve: number, weight = 100, ingress?: number) => ({
  nic: nicId(`eth${nic}`),
  egress: { reserve: megabitsPerSecond(reserve), limit: megabitsPerSecond(10_000), shares: shares(weight) },
  ...(ingress !== undefined && {
    ingress: { reserve: megabitsPerSecond(ingress), limit: megabitsPerSecond(10_000), shares: shares(weight) },
  }),
});
const want = (reserve: number, survive: number, weight = 100): Part => ({
  slices: [],
  want: {
    reserve: megabitsPerSecond(reserve),
    survive,
    shares: shares(weight),
    fabric: firstOf(bigHost(0, 1).fabrics).name,
  },
});

/** Guests with these aggregates on NICs of 10 Gbit/s. */
function host(nics: number, ...aggregates: readonly Part[]): HostSpec {
  const big = bigHost(aggregates.length, nics);
  return {
    ...big,
    guests: big.guests.map((guest, index) => ({
      ...guest,
      vifs: guest.vifs.map((vif) => ({ ...vif, aggregate: { ...vif.aggregate, ...aggregates[index] } })),
    })),
  };
}

const shown = (spec: HostSpec) =>
  whatIf(spec).nearest.map(({ path, from, to }) => [path, from / 1e6, Math.round(to / 1e4) / 100]);

describe("what if a NIC is lost", () => {
  it("nobody's promise breaks where reservations survive it", () => {
    const spec = host(2, want(4000, 1), { slices: [slice(1, 0), slice(2, 0)] });
    expect(whatIf(spec)).toMatchObject({ verdict: "fits", nearest: [], findings: [] });
    expect(whatIf(spec).withoutNic.map(({ nic, cutOff, broken }) => [nic, cutOff, broken])).toEqual([
      ["eth1", [], []],
      ["eth2", [], []],
    ]);
  });

  it("says whose promise breaks and what is left of it", () => {
    const spec = host(
      2,
      { slices: [slice(1, 300), slice(2, 100)] },
      { slices: [slice(1, 200)] },
      { slices: [slice(1, 50), slice(2, 50)], onNicLoss: "stop" },
      { slices: [slice(1, 50), slice(2, 50)], onNicLoss: "keep-reserve" },
      { slices: [slice(1, 50), slice(2, 20)], balance: "active-backup" },
    );
    const { verdict, withoutNic } = whatIf(spec);
    expect(verdict).toBe("fits-unless-lost");
    expect(withoutNic[0]).toEqual({
      nic: "eth1",
      degraded: ["guest0", "guest3", "guest4"],
      cutOff: ["guest1", "guest2"],
      broken: [
        { vif: "guest0", direction: "egress", promised: 400e6, kept: 100e6 },
        { vif: "guest1", direction: "egress", promised: 200e6, kept: 0 },
        { vif: "guest2", direction: "egress", promised: 100e6, kept: 0 },
        { vif: "guest4", direction: "egress", promised: 50e6, kept: 20e6 },
      ],
    });
    expect(withoutNic[1]?.broken.map(({ vif }) => vif)).toEqual(["guest0", "guest2"]);
  });
});

describe("keep-reserve", () => {
  const keep = (...slices: readonly ReturnType<typeof slice>[]): Part => ({ slices, onNicLoss: "keep-reserve" });

  it("is refused where the reservation would not fit on the other NIC", () => {
    const fits = fitSpec(host(2, keep(slice(1, 3000), slice(2, 1000)), { slices: [slice(2, 5900)] }));
    expect(fits.findings).toEqual([]);
    const spec = host(2, keep(slice(1, 3000), slice(2, 1000)), { slices: [slice(2, 6000)] });
    expect(fitSpec(spec).findings).toMatchObject([
      {
        path: "guests[0].aggregate.slices[0].egress.reserve",
        message: "without eth1 the egress reservations on eth2 add up to 10 Gbit; 9.9 Gbit can be reserved",
      },
    ]);
  });

  it("is refused without a second slice, and above the limit of the slice that takes over", () => {
    expect(fitSpec(host(2, keep(slice(1, 5)))).findings).toMatchObject([{ path: "guests[0].aggregate.onNicLoss" }]);
    const low = slice(2, 5);
    const limited = { ...low, egress: { ...low.egress, limit: megabitsPerSecond(100) } };
    expect(fitSpec(host(2, keep(slice(1, 96), limited))).findings).toMatchObject([
      { path: "guests[0].aggregate.slices[1].egress.limit", allowed: "101 Mbit or more, or less reserved on eth1" },
    ]);
  });
});

describe("the nearest spec that fits", () => {
  it("lowers the largest of those that collide to one level and leaves the others alone", () => {
    const spec = host(
      2,
      { slices: [slice(1, 8000), slice(2, 8000)] },
      { slices: [slice(1, 6000)] },
      { slices: [slice(1, 1900)] },
    );
    expect(shown(spec)).toEqual([
      ["guests[0].aggregate.slices[0].egress.reserve", 8000, 4000],
      ["guests[1].aggregate.slices[0].egress.reserve", 6000, 4000],
    ]);
    const { verdict, findings } = whatIf(spec);
    expect([verdict, findings.length]).toEqual(["does-not-fit", 1]);
  });

  it("lowers in proportion to shares, each direction by itself", () => {
    const spec = host(1, { slices: [slice(1, 9000, 200, 1)] }, { slices: [slice(1, 9000, 100, 9900)] });
    expect(shown(spec)).toEqual([
      ["guests[0].aggregate.slices[0].egress.reserve", 9000, 6600],
      ["guests[1].aggregate.slices[0].egress.reserve", 9000, 3300],
      ["guests[1].aggregate.slices[0].ingress.reserve", 9900, 9898.99],
    ]);
  });

  it("says nothing where lower reservations do not help", () => {
    const other = host(1, { slices: [slice(1, 1)] }, { slices: [slice(1, 9000)], onNicLoss: "keep-reserve" });
    expect(whatIf(other)).toMatchObject({ verdict: "does-not-fit", nearest: [] });
  });
});

const reserve = fc.integer({ min: 0, max: 8000 });
const aggregate = (nics: number): fc.Arbitrary<Part> =>
  fc.oneof(
    fc.record({
      slices: fc
        .tuple(
          fc.uniqueArray(fc.integer({ min: 1, max: nics }), { minLength: 2, maxLength: nics }),
          fc.array(fc.tuple(reserve, fc.constantFrom(50, 100, 400), fc.option(reserve, { nil: undefined })), {
            minLength: nics,
            maxLength: nics,
          }),
        )
        .map(([on, parts]) =>
          on.map((nic, index) => {
            const [rate = 0, weight = 100, ingress] = parts[index] ?? [];
            return slice(nic, rate, weight, ingress);
          }),
        ),
      onNicLoss: fc.constantFrom("degrade", "degrade", "stop"),
    }),
    fc
      .tuple(fc.integer({ min: 1, max: 8000 }), fc.integer({ min: 0, max: nics - 1 }), fc.constantFrom(50, 200))
      .map(([rate, survive, weight]) => want(rate, survive, weight)),
  );
const hosts = (of: (nics: number) => fc.Arbitrary<Part>) =>
  fc
    .integer({ min: 2, max: 4 })
    .chain((nics) => fc.tuple(fc.constant(nics), fc.array(of(nics), { minLength: 1, maxLength: 6 })))
    .map(([nics, parts]) => host(nics, ...parts));

describe("for every host, the nearest spec", () => {
  it("fits, and none of its lowered reservations could be higher beside the others", () => {
    let lowered = 0;
    fc.assert(
      fc.property(hosts(aggregate), (spec) => {
        const { verdict, nearest, findings } = whatIf(spec);
        expect(verdict === "does-not-fit").toBe(findings.length > 0);
        if (verdict !== "does-not-fit") return;
        lowered++;
        expect(nearest.length).toBeGreaterThan(0);
        expect(fitSpec(withReserves(spec, nearest)).findings).toEqual([]);
        for (const change of nearest) {
          expect(change.to).toBeLessThan(change.from);
          // 0.1 % of the capacity and the floors of slices that were not there before.
          const more = bitsPerSecond(change.to + 10e6);
          if (more > change.from) continue;
          const greedy = nearest.map((each) => (each === change ? { ...each, to: more } : each));
          expect(fitSpec(withReserves(spec, greedy)).findings).not.toEqual([]);
        }
      }),
    );
    expect(lowered).toBeGreaterThan(20);
  });

  it("fits also where reservations are to be kept with any NIC lost", () => {
    let lowered = 0;
    const keeping = (nics: number) =>
      aggregate(nics).map((part) => (part.want === undefined ? { ...part, onNicLoss: "keep-reserve" as const } : part));
    fc.assert(
      fc.property(hosts(keeping), (spec) => {
        const { verdict, nearest } = whatIf(spec);
        // A slice alone in its direction cannot be kept whatever it reserves.
        if (verdict !== "does-not-fit" || nearest.length === 0) return;
        lowered++;
        const after = whatIf(withReserves(spec, nearest));
        expect(after.findings).toEqual([]);
        const kept = spec.guests
          .filter(({ vifs }) => firstOf(vifs).aggregate.want === undefined)
          .map(({ name }) => name as string);
        for (const { broken } of after.withoutNic) {
          expect(broken.filter(({ vif }) => kept.includes(vif))).toEqual([]);
        }
      }),
    );
    expect(lowered).toBeGreaterThan(10);
  });
});

describe("fairFill", () => {
  it("is weighted max-min: what is short of its demand is in a full constraint where nobody has more for its weight", () => {
    const cases = fc.tuple(
      fc.array(fc.record({ most: fc.integer({ min: 0, max: 100 }), weight: fc.constantFrom(1, 2, 5) }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.array(
        fc.tuple(
          fc.integer({ min: 0, max: 120 }),
          fc.uniqueArray(fc.tuple(fc.nat(5), fc.constantFrom(0.25, 1, 2)), { selector: ([i]) => i, minLength: 1 }),
        ),
        { maxLength: 4 },
      ),
    );
    fc.assert(
      fc.property(cases, ([demands, raw]) => {
        const scarce = raw
          .map(([room, terms]) => ({ room, terms: terms.filter(([index]) => index < demands.length) }))
          .filter(({ terms }) => terms.length > 0);
        const got = fairFill(demands, scarce);
        const used = (terms: readonly (readonly [number, number])[]) =>
          terms.reduce((sum, [index, coefficient]) => sum + coefficient * (got[index] ?? 0), 0);
        for (const { room, terms } of scarce) expect(used(terms)).toBeLessThanOrEqual(room + 1e-6);
        for (const [index, { most, weight }] of demands.entries()) {
          const mine = got[index] ?? 0;
          expect(mine).toBeLessThanOrEqual(most);
          if (mine > most - 1e-6) continue;
          const bottleneck = scarce.some(
            ({ room, terms }) =>
              terms.some(([i]) => i === index) &&
              used(terms) > room - 1e-6 &&
              terms.every(([i]) => (got[i] ?? 0) / (demands[i]?.weight ?? 1) <= mine / weight + 1e-6),
          );
          expect(bottleneck).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
