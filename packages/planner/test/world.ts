import {
  type AggregateLimit,
  type AggregateSpec,
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
  minRate,
  type NicId,
  type NicSpec,
  nicId,
  ratio,
  type SliceShare,
  type SliceSpec,
  shares,
  type TrafficClassSpec,
  type VifSpec,
  vifId,
} from "@gona/model";
import fc from "fast-check";
import { isVf } from "../src/bypass.ts";
import type { Inventory, NicPlacement } from "../src/inventory.ts";

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

const share = fc
  .record({
    reserve: fc.constantFrom(0, 8, 40),
    limit: fc.constantFrom(40, 190, 210, 600, 1000),
    weight: fc.constantFrom(1, 50, 100, 300, 10_000),
  })
  .map(
    ({ reserve, limit, weight }): SliceShare => ({
      reserve: megabitsPerSecond(reserve),
      limit: megabitsPerSecond(limit),
      shares: shares(weight),
    }),
  );

const slice = (nic: NicId): fc.Arbitrary<SliceSpec> =>
  fc
    .record({ egress: share, ingress: fc.option(share, { nil: undefined, freq: 2 }) })
    .map(({ egress, ingress }) => ({ nic, egress, ...(ingress && { ingress }) }));

/** No less than four slices may reserve. */
const cap = fc.constantFrom(160, 300, 700).map(megabitsPerSecond);
const aggregateLimit: fc.Arbitrary<AggregateLimit> = fc.record(
  { egress: cap, ingress: cap, local: fc.constantFrom(5, 700).map(megabitsPerSecond) },
  { requiredKeys: [] },
);
const latency = fc.constantFrom(5, 20.5).map(milliseconds);

const trafficClass = (name: string): fc.Arbitrary<TrafficClassSpec> =>
  fc.record(
    {
      name: fc.constant(name),
      match: fc.constantFrom(
        { dscp: [46, 34] },
        { pcp: [5] },
        { protocol: 17, ports: [{ from: 53, to: 53 }] },
        {
          ports: [
            { from: 80, to: 80 },
            { from: 8000, to: 9000 },
          ],
        },
      ),
      priority: fc.constantFrom(0, 4, 7),
      reserve: fc.constantFrom(
        { kind: "absolute" as const, rate: megabitsPerSecond(30) },
        { kind: "ofSlice" as const, ratio: ratio(0.3) },
      ),
      limit: fc.constantFrom(
        { kind: "absolute" as const, rate: megabitsPerSecond(60) },
        { kind: "ofSlice" as const, ratio: ratio(0.5) },
      ),
      latency,
      remark: fc.constantFrom({ dscp: 10 }, { pcp: 3 }, { dscp: 0, pcp: 0 }),
    },
    { requiredKeys: ["name", "match", "priority"] },
  );
const classes = fc
  .shuffledSubarray(["voice", "bulk", "web", "backup", "names"], { maxLength: 5 })
  .chain((names) => fc.tuple(...names.map(trafficClass)));

/** What makes queues beyond the slices' own; half of all vifs have none of it. */
const extras: fc.Arbitrary<Pick<AggregateSpec, "limit" | "latency" | "classes">> = fc.oneof(
  fc.constant({ classes: [] }),
  fc.record({ limit: aggregateLimit, latency, classes }, { requiredKeys: ["classes"] }),
);

const nicExtras: fc.Arbitrary<Pick<NicSpec, "overhead" | "host">> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ overhead: bytes(0) }) },
  fc.record({
    overhead: fc.constantFrom(0, 24).map(bytes),
    host: fc.constant({ reserve: megabitsPerSecond(50), limit: megabitsPerSecond(400), shares: shares(200) }),
  }),
);

/** A NIC never changes its place in one plan: whoever moves it leaves it out first. */
const PLACES: readonly (readonly [NicId, NicPlacement])[] = [
  [nicId("e2"), { isolation: "netns", domain: domainId("dd-a"), netns: "gona.dd-a" }],
  [nicId("e4"), { isolation: "vm", domain: domainId("dd-vm") }],
  [nicId("b2"), { isolation: "netns", domain: domainId("dd-b"), netns: "gona.dd-b" }],
];

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
      moving: fc.subarray(nics.flat(), { maxLength: 1 }),
      nicExtras: fc.tuple(nicExtras, nicExtras),
      // Rarely: what parts and virtual queues do is to be met often enough.
      fqCodel: fc.nat(4).map((one) => one === 0),
      // None of the virtual functions is there, all are, or nobody asked.
      vfs: fc.constantFrom(undefined, 0, 64, 64),
    }),
  )
  .map(({ nics, guests, absent, down, held, moving, nicExtras: extrasOf, fqCodel, vfs }) => ({
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
          ...(extrasOf[index] ?? extrasOf[0]),
          // Virtual functions count none.
          ...(hasVfs(guests, name) && { overhead: bytes(0) }),
        })),
      ),
      guests: withoutIngressBesideBypasses(guests),
    },
    inventory: {
      links: new Set([...nics.flat(), ...GUESTS.map((_, index) => `v${index}`)].filter((l) => !absent.includes(l))),
      nicsUp: new Set(nics.flat().filter((nic) => !down.includes(nic))),
      nicsHeld: new Set(held.filter((nic) => !down.includes(nic))),
      placements: new Map(PLACES),
      absentNics: new Map(moving.map((nic) => [nic, "it is on its way"])),
      ...(fqCodel && { fqCodel }),
      ...(vfs !== undefined && {
        nicsVfs: new Map(nics.flat().map((nic) => [nic, { driver: "mlx5_core", enabled: vfs, total: 64 }])),
      }),
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

/** Whether any slice could take over what all others reserve, each way. */
function canMove(slices: readonly SliceSpec[]): boolean {
  const shaped = slices.filter(({ ingress }) => ingress !== undefined).length;
  const roomy = slices.every(({ egress, ingress }) => Math.min(egress.limit, ingress?.limit ?? 1e9) >= 160e6);
  return slices.length >= 2 && (shaped === 0 || shaped === slices.length) && roomy;
}

/** What may stand instead of a vif of the hub, on its first NIC: of a lag, or one that is elsewhere, none. */
type Bypass = "macvtap" | "sriov" | undefined;

/** The vif with a device of its own, and nothing that such a one cannot have. */
function bypassed(vif: VifSpec, kind: Bypass, number: number): VifSpec {
  const [first] = vif.aggregate.slices;
  if (kind === undefined || first === undefined || PLACES.some(([nic]) => nic === first.nic)) return vif;
  const limit = megabitsPerSecond(40);
  const egress = { reserve: minRate(first.egress.reserve, limit), limit, shares: shares(100) };
  const path = kind === "sriov" ? { kind, vf: number } : { kind, mode: "bridge" as const };
  return {
    ...vif,
    attachment: kind === "sriov" ? { kind: "vf" } : { kind: "device", device: `m${number}` },
    vlan: 0,
    trunk: [],
    antiSpoof: { mac: true, ip: false },
    aggregate: {
      slices: [{ nic: first.nic, egress, path }],
      balance: "hash",
      onNicLoss: "degrade",
      classes: [],
    },
  };
}

const hasVfs = (guests: readonly GuestSpec[], nic: NicId): boolean =>
  guests.some(({ vifs }) => vifs.some((one) => one.aggregate.slices.some((slice) => slice.nic === nic && isVf(slice))));

/** Beside devices of guests' own nothing that comes in can be reserved. */
function withoutIngressBesideBypasses(guests: readonly GuestSpec[]): readonly GuestSpec[] {
  const slices = guests.flatMap(({ vifs }) => vifs.flatMap(({ aggregate }) => aggregate.slices));
  const nics = new Set(slices.flatMap(({ nic, path }) => (path === undefined ? [] : [nic])));
  const unreserved = (slice: SliceSpec): SliceSpec =>
    slice.ingress === undefined || !nics.has(slice.nic)
      ? slice
      : { ...slice, ingress: { ...slice.ingress, reserve: megabitsPerSecond(0) } };
  return guests.map((guest) => ({
    ...guest,
    vifs: guest.vifs.map((one) => ({
      ...one,
      aggregate: { ...one.aggregate, slices: one.aggregate.slices.map(unreserved) },
    })),
  }));
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
        balance: fc.constantFrom("hash" as const, "active-backup" as const, "flowlet" as const, "stripe" as const),
        onNicLoss: fc.constantFrom("degrade" as const, "stop" as const, "keep-reserve" as const),
        extras,
        bypass: fc.oneof(
          { weight: 5, arbitrary: fc.constant<Bypass>(undefined) },
          { weight: 3, arbitrary: fc.constantFrom<Bypass>("macvtap", "sriov") },
        ),
      })
      .map(
        ({ slices, create, vlan, trunk, macByte, ip, balance, onNicLoss, extras: more, bypass }): VifSpec =>
          bypassed(
            {
              id,
              attachment: create
                ? { kind: "create", netns: `ns-${id.replace("/", "-")}`, name: "eth0" }
                : { kind: "device", device: `v${number}` },
              mac: `52:54:00:00:00:${macByte.toString(16).padStart(2, "0")}`,
              addresses: [`10.0.0.${number + 1}`, `fd00::${number + 1}`],
              vlan,
              trunk,
              antiSpoof: { mac: true, ip },
              aggregate: {
                slices,
                balance,
                onNicLoss: onNicLoss === "keep-reserve" && !canMove(slices) ? "degrade" : onNicLoss,
                ...more,
              },
            },
            fabric === 0 ? bypass : undefined,
            number,
          ),
      ),
  );
}
