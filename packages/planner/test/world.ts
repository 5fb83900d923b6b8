import {
  bytes,
  domainId,
  type FabricId,
  fabricId,
  type GuestSpec,
  gigabitsPerSecond,
  guestId,
  type HostSpec,
  megabitsPerSecond,
  milliseconds,
  type NicId,
  nicId,
  type SliceSpec,
  shares,
  type VifSpec,
  vifId,
} from "@gona/model";
import fc from "fast-check";
import type { Inventory } from "../src/inventory.ts";

/** A spec and the links and NICs it meets. */
export interface World {
  readonly spec: HostSpec;
  readonly inventory: Inventory;
}

const POOL: readonly { readonly fabric: FabricId; readonly lag: boolean; readonly nics: readonly NicId[] }[] = [
  { fabric: fabricId("rack"), lag: false, nics: ["e1", "e2", "e3", "e4"].map(nicId) },
  { fabric: fabricId("bundle"), lag: true, nics: ["b1", "b2"].map(nicId) },
];
const GUESTS = ["g0", "g1", "g2", "g3", "g4"];

const slice = (nic: NicId): fc.Arbitrary<SliceSpec> =>
  fc
    .record({
      reserve: fc.constantFrom(0, 8, 40),
      limit: fc.constantFrom(40, 190, 210, 600, 1000),
      weight: fc.constantFrom(1, 50, 100, 300, 10_000),
    })
    .map(({ reserve, limit, weight }) => ({
      nic,
      egress: {
        reserve: megabitsPerSecond(reserve),
        limit: megabitsPerSecond(limit),
        shares: shares(weight),
      },
    }));

/** A few guests from a small pool on a few NICs from a small pool: two draws differ in what a plan must cope with. */
export const world: fc.Arbitrary<World> = fc
  .record({
    nics: fc.tuple(...POOL.map(({ nics }) => fc.shuffledSubarray([...nics], { minLength: 1 }))),
    guests: fc.shuffledSubarray(GUESTS, { minLength: 2 }),
  })
  .chain(({ nics, guests }) =>
    fc.record({
      nics: fc.constant(nics),
      guests: fc.tuple(...guests.map((name) => guest(name, nics))),
      // Most links are there most of the time.
      absent: fc.subarray([...nics.flat(), "v0", "v1"], { maxLength: 2 }),
      down: fc.subarray(nics.flat(), { maxLength: 2 }),
      held: fc.subarray(nics.flat(), { maxLength: 1 }),
    }),
  )
  .map(({ nics, guests, absent, down, held }) => ({
    spec: {
      domains: [{ name: domainId("host"), isolation: "host", drivers: [] }],
      fabrics: POOL.map(({ fabric, lag }) => ({ name: fabric, lag })),
      nics: POOL.flatMap(({ fabric }, index) =>
        (nics[index] ?? []).map((name) => ({
          name,
          domain: domainId("host"),
          fabric,
          capacity: gigabitsPerSecond(1),
          failback: milliseconds(1000),
          overhead: bytes(0),
        })),
      ),
      guests,
    },
    inventory: {
      links: new Set([...nics.flat(), ...GUESTS.map((_, index) => `v${index}`)].filter((l) => !absent.includes(l))),
      nicsUp: new Set(nics.flat().filter((nic) => !down.includes(nic))),
      nicsHeld: new Set(held.filter((nic) => !down.includes(nic))),
    },
  }));

function guest(name: string, nics: readonly (readonly NicId[])[]): fc.Arbitrary<GuestSpec> {
  const number = GUESTS.indexOf(name);
  const id = guestId(name);
  return fc
    .boolean()
    .chain((two) =>
      two
        ? fc
            .tuple(vif(vifId(id, "a"), number, nics), vif(vifId(id, "b"), number + 8, nics))
            .map((vifs) => ({ name: id, vifs }))
        : vif(vifId(id), number, nics).map((one) => ({ name: id, vifs: [one] })),
    );
}

function vif(id: VifSpec["id"], number: number, nics: readonly (readonly NicId[])[]): fc.Arbitrary<VifSpec> {
  return fc.integer({ min: 0, max: nics.length - 1 }).chain((fabric) =>
    fc
      .record({
        slices: fc
          .shuffledSubarray([...(nics[fabric] ?? [])], { minLength: 1 })
          .chain((chosen) => fc.tuple(...chosen.map(slice))),
        create: number >= 8 ? fc.constant(true) : fc.boolean(),
        vlan: fc.constantFrom(0, 20),
        trunk: fc.subarray([30, 40]),
        macByte: fc.constantFrom(number, number, number, number + 16),
        ip: fc.boolean(),
        balance: fc.constantFrom("hash" as const, "active-backup" as const),
        onNicLoss: fc.constantFrom("degrade" as const, "stop" as const),
      })
      .map(
        ({ slices, create, vlan, trunk, macByte, ip, balance, onNicLoss }): VifSpec => ({
          id,
          attachment: create
            ? { kind: "create", netns: `ns-${id.replace("/", "-")}`, name: "eth0" }
            : { kind: "device", device: `v${number}` },
          mac: `52:54:00:00:00:${macByte.toString(16).padStart(2, "0")}`,
          addresses: [`10.0.0.${number + 1}`, `fd00::${number + 1}`],
          vlan,
          trunk,
          antiSpoof: { mac: true, ip },
          aggregate: { slices, balance, onNicLoss, classes: [] },
        }),
      ),
  );
}
