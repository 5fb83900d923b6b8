import {
  fabricId,
  type HostSpec,
  megabitsPerSecond,
  nicId,
  type SliceSpec,
  shares,
  type VifSpec,
  type Want,
} from "@gona/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bigHost } from "../../test/big-host.ts";
import { firstOf } from "../../test/first-of.ts";
import { admit } from "../admit.ts";
import { fitSpec } from "../fit-spec.ts";
import { placeWants } from "./place-wants.ts";
import { leftAfterLoss } from "./spread.ts";

interface Wish {
  readonly reserve: number;
  readonly survive?: number;
  readonly limit?: number;
  readonly weight?: number;
}

/** Guests guest0, guest1, … that want so many Mbit/s, or have these slices, on NICs of so many Mbit/s in the fabric default. */
function host(capacities: readonly number[], guests: readonly (Wish | readonly SliceSpec[])[]): HostSpec {
  const big = bigHost(guests.length, capacities.length);
  const fabric = firstOf(big.fabrics).name;
  const wantOf = ({ reserve, survive = 0, limit, weight = 100 }: Wish): Want => ({
    reserve: megabitsPerSecond(reserve),
    ...(limit !== undefined && { limit: megabitsPerSecond(limit) }),
    shares: shares(weight),
    fabric,
    survive,
  });
  return {
    ...big,
    nics: big.nics.map((nic, index) => ({ ...nic, capacity: megabitsPerSecond(capacities[index] ?? 0) })),
    guests: big.guests.map((guest, index) => {
      const one = guests[index] ?? [];
      return {
        ...guest,
        vifs: guest.vifs.map((vif) => {
          const { aggregate } = vif;
          const filled =
            "reserve" in one ? { ...aggregate, slices: [], want: wantOf(one) } : { ...aggregate, slices: one };
          return { ...vif, aggregate: filled };
        }),
      };
    }),
  };
}

const slice = (nic: string, reserve: number): SliceSpec => ({
  nic: nicId(nic),
  egress: { reserve: megabitsPerSecond(reserve), limit: megabitsPerSecond(10_000), shares: shares(100) },
});

const vifOf = (spec: HostSpec, guest: number): VifSpec => firstOf(spec.guests[guest]?.vifs ?? []);
const reservesOf = (spec: HostSpec, guest: number): readonly (readonly [string, number])[] =>
  vifOf(spec, guest).aggregate.slices.map(({ nic, egress }) => [nic, egress.reserve / 1e6]);

describe("placeWants", () => {
  it("leaves a spec without wants as it is", () => {
    const spec = host([10_000], [[slice("eth1", 5)]]);
    expect(placeWants(spec).spec).toBe(spec);
  });

  it("splits a reservation so that it holds with any one NIC lost", () => {
    const { spec, findings } = placeWants(host([10_000, 10_000, 10_000], [{ reserve: 3000, survive: 1 }]));
    expect(findings).toEqual([]);
    expect(reservesOf(spec, 0)).toEqual([
      ["eth1", 1500],
      ["eth2", 1500],
      ["eth3", 1500],
    ]);
  });

  it("copes with NICs of unequal capacity", () => {
    // The 1 Gbit/s NIC can stand in for 0.9 of the 4; the two large ones must carry 3.1 and more alone.
    const { spec, findings } = placeWants(host([10_000, 10_000, 1000], [{ reserve: 4000, survive: 1 }]));
    expect(findings).toEqual([]);
    const reserves = reservesOf(spec, 0).map(([, rate]) => rate);
    expect(leftAfterLoss(reserves, 1)).toBeGreaterThanOrEqual(4000);
    expect(reserves[2]).toBeLessThanOrEqual(990);
  });

  it("lets explicit slices take theirs first", () => {
    const { spec, findings } = placeWants(host([10_000, 10_000], [{ reserve: 9000 }, [slice("eth1", 9900)]]));
    expect(findings).toEqual([]);
    expect(reservesOf(spec, 0)).toEqual([["eth2", 9000]]);
  });

  it("lets every slice go up to the wanted limit and caps them together", () => {
    const { aggregate } = vifOf(placeWants(host([10_000, 1000], [{ reserve: 100, limit: 4000 }])).spec, 0);
    expect(aggregate.slices.map(({ egress }) => egress.limit)).toEqual([4e9, 1e9]);
    expect(aggregate.limit).toEqual({ egress: 4e9 });
  });

  it("says who lacks what, by weighted max-min, and places the rest", () => {
    const { spec, findings, short } = placeWants(
      host(
        [10_000, 10_000],
        [
          { reserve: 2000, survive: 1 },
          { reserve: 9000, survive: 1, weight: 300 },
          { reserve: 9000, survive: 1 },
        ],
      ),
    );
    // 9.9 Gbit/s survive the loss of a NIC: guest0 has its 2 at level 19.75 a share, the others 5.925 and 1.975.
    expect(short.map(({ vif, path, to }) => [vif, path, Math.round(to / 1e6)])).toEqual([
      ["guest0", "guests[0].aggregate.want.reserve", 1980],
      ["guest1", "guests[1].aggregate.want.reserve", 5940],
      ["guest2", "guests[2].aggregate.want.reserve", 1980],
    ]);
    expect(findings.map(({ path, message }) => [path, message])).toEqual([
      [
        "guests[0].aggregate.want.reserve",
        "guest0 wants 2 Gbit on the fabric default, also with 1 of its NICs lost; that is not there, nor what 2 other guests want",
      ],
    ]);
    expect(admit(spec)).toEqual([]);
  });

  it("places each fabric by itself", () => {
    const spec = host([1000, 1000], [{ reserve: 900 }]);
    const elsewhere = { ...spec, nics: spec.nics.map((nic, i) => (i === 0 ? nic : { ...nic, fabric: fabricId("b") })) };
    expect(reservesOf(placeWants(elsewhere).spec, 0)).toEqual([["eth1", 900]]);
  });
});

const wishes = fc.array(
  fc.record({
    reserve: fc.integer({ min: 1, max: 6000 }),
    survive: fc.integer({ min: 0, max: 2 }),
    weight: fc.constantFrom(50, 100, 400),
  }),
  { minLength: 2, maxLength: 8 },
);
const capacities = fc.array(fc.constantFrom(1000, 2500, 10_000, 25_000), { minLength: 3, maxLength: 10 });

describe("placed wants", () => {
  it("are always admitted, and hold what they want with NICs lost", () => {
    let fitted = 0;
    fc.assert(
      fc.property(capacities, wishes, (nics, guests) => {
        const { spec, findings } = placeWants(host(nics, guests));
        expect(admit(spec)).toEqual([]);
        if (findings.length > 0) return;
        fitted++;
        for (const [index, { reserve, survive }] of guests.entries()) {
          const reserves = vifOf(spec, index).aggregate.slices.map(({ egress }) => egress.reserve);
          expect(reserves.length).toBeLessThanOrEqual(8);
          expect(leftAfterLoss(reserves, survive)).toBeGreaterThanOrEqual(reserve * 1e6);
        }
      }),
    );
    expect(fitted).toBeGreaterThan(20);
  });

  it("stay where they are when a guest comes that fits beside them, or one goes", () => {
    let came = 0;
    fc.assert(
      fc.property(capacities, wishes, (nics, guests) => {
        const before = fitSpec(host(nics, guests.slice(1)));
        if (before.findings.length > 0) return;
        // Guests are named by their index: the one that comes is the last.
        const after = fitSpec(host(nics, [...guests.slice(1), { reserve: 1 }]), before.spec);
        if (after.findings.length > 0) return;
        came++;
        for (const index of guests.slice(1).keys()) {
          expect(reservesOf(after.spec, index)).toEqual(reservesOf(before.spec, index));
        }
        const gone = fitSpec(host(nics, guests.slice(1)), after.spec);
        expect(gone.spec).toEqual(before.spec);
      }),
    );
    expect(came).toBeGreaterThan(20);
  });

  it("are placed anew rather than refused when a guest fits only so", () => {
    const first = fitSpec(host([10_000, 10_000], [{ reserve: 8000 }]));
    expect(reservesOf(first.spec, 0)).toEqual([
      ["eth1", 4000],
      ["eth2", 4000],
    ]);
    const second = fitSpec(host([10_000, 10_000], [{ reserve: 8000 }, { reserve: 5000, survive: 1 }]), first.spec);
    expect(second.findings).toEqual([]);
    const third = fitSpec(host([10_000, 10_000], [{ reserve: 8000 }, [slice("eth1", 9900)]]), first.spec);
    expect(third.findings).toEqual([]);
    expect(reservesOf(third.spec, 0)).toEqual([["eth2", 8000]]);
  });

  it("do not hang on the order of the file", () => {
    const guests = [{ reserve: 700, survive: 1 }, { reserve: 2500 }, { reserve: 40, survive: 2 }];
    const spec = host([1000, 10_000, 2500], guests);
    const turned = { ...spec, guests: spec.guests.toReversed() };
    const byName = (placed: HostSpec) => placed.guests.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    expect(byName(placeWants(turned).spec)).toEqual(byName(placeWants(spec).spec));
  });
});
