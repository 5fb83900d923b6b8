import {
  type AggregateSpec,
  type BypassSpec,
  domainId,
  type HostSpec,
  LOWEST_LIMIT,
  megabitsPerSecond,
  milliseconds,
  type NicSpec,
  nicId,
  ratio,
  type SliceShare,
  shares,
  type VifSpec,
} from "@gona/model";
import { describe, expect, it } from "vitest";
import { admit } from "../src/admit.ts";
import { describeStep } from "../src/describe-step.ts";
import { desiredState } from "../src/desired-state.ts";
import { EMPTY_HUB, sliceKey } from "../src/hub-state.ts";
import { plan } from "../src/plan.ts";
import { vfOfferFindings } from "../src/vf-offer.ts";
import { bigHost, wholeInventory } from "./big-host.ts";

const ETH1 = nicId("eth1");
const SRIOV: BypassSpec = { kind: "sriov", vf: 0 };
const MACVTAP: BypassSpec = { kind: "macvtap", mode: "bridge" };

interface Change {
  readonly vif?: Partial<VifSpec>;
  readonly aggregate?: Partial<AggregateSpec>;
  readonly egress?: { readonly reserve?: number; readonly limit?: number; readonly shares?: number };
  readonly nic?: Partial<NicSpec>;
}

/** Guests on eth1, of 10 Gbit/s; the first ones by these paths, and the rest by the hub. */
function host(paths: readonly BypassSpec[], change: Change = {}, guests = paths.length): HostSpec {
  const spec = bigHost(guests, 1);
  return {
    ...spec,
    nics: spec.nics.map((nic) => ({ ...nic, ...change.nic })),
    guests: spec.guests.map((guest, index) => {
      const given = paths[index];
      if (given === undefined) return guest;
      const path = given.kind === "sriov" ? { ...given, vf: index } : given;
      return { ...guest, vifs: guest.vifs.map((vif) => bypassed(vif, path, change)) };
    }),
  };
}

function bypassed(vif: VifSpec, path: BypassSpec, { vif: more, aggregate, egress }: Change): VifSpec {
  const share: SliceShare = {
    reserve: megabitsPerSecond(egress?.reserve ?? 0),
    limit: megabitsPerSecond(egress?.limit ?? 1000),
    shares: shares(egress?.shares ?? 100),
  };
  return {
    ...vif,
    attachment: path.kind === "sriov" ? { kind: "vf" } : { kind: "device", device: `mt-${vif.id}` },
    ...more,
    aggregate: { ...vif.aggregate, slices: [{ nic: ETH1, egress: share, path }], ...aggregate },
  };
}

const AGGREGATE = "guests[0].aggregate";
const SLICE = `${AGGREGATE}.slices[0]`;
const pathsOf = (spec: HostSpec) => admit(spec).map(({ path }) => path);
const slicesWith = (more: object) =>
  ({
    slices: [{ ...bypassed(bigHost(1, 1).guests[0]?.vifs[0] as VifSpec, MACVTAP, {}).aggregate.slices[0], ...more }],
  }) as unknown as Partial<AggregateSpec>;

describe("a guest with a device of its own on a NIC", () => {
  it.each([SRIOV, MACVTAP])("is admitted by $kind, beside guests of the hub", (path) => {
    expect(admit(host([path], {}, 3))).toEqual([]);
  });

  const both = (change: Change, where: string) =>
    [SRIOV, MACVTAP].map((path) => [path.kind, path, change, where] as const);
  it.each([
    ...both(
      {
        aggregate: {
          classes: [
            { name: "voice", match: { pcp: [5] }, priority: 0, reserve: { kind: "ofSlice", ratio: ratio(0.1) } },
          ],
        },
      },
      `${AGGREGATE}.classes`,
    ),
    ...both({ aggregate: { latency: milliseconds(5) } }, `${AGGREGATE}.latency`),
    ...both({ aggregate: { limit: { egress: megabitsPerSecond(900) } } }, `${AGGREGATE}.limit.egress`),
    ...both({ aggregate: { limit: { local: megabitsPerSecond(900) } } }, `${AGGREGATE}.limit.local`),
    ...both({ aggregate: { onNicLoss: "stop" } }, `${AGGREGATE}.onNicLoss`),
    ...both({ vif: { trunk: [20] } }, "guests[0].vif.trunk"),
    [
      "macvtap",
      MACVTAP,
      { aggregate: slicesWith({ ingress: { reserve: 0, limit: 1e9, shares: 100 } }) },
      `${SLICE}.ingress`,
    ],
    ["macvtap", MACVTAP, { vif: { vlan: 20 } }, "guests[0].vif.vlan"],
    ["sriov", SRIOV, { vif: { antiSpoof: { mac: true, ip: true } } }, "guests[0].vif.antiSpoof.ip"],
    ["sriov", SRIOV, { egress: { limit: 10.5 } }, `${SLICE}.egress.limit`],
    ["sriov", SRIOV, { egress: { reserve: 0.5 } }, `${SLICE}.egress.reserve`],
    ["sriov", SRIOV, { egress: { shares: 200 } }, `${SLICE}.egress.shares`],
    ["sriov", SRIOV, { nic: { overhead: 24 as NicSpec["overhead"] } }, `${SLICE}.path`],
  ] as const)("is refused by %s what that cannot keep: %#", (_kind, path, change, where) => {
    const findings = admit(host([path], change as Change));
    expect(findings.map((finding) => finding.path)).toEqual([where]);
    expect(findings[0]).toMatchObject({ code: "SPEC_DOES_NOT_FIT", allowed: expect.stringMatching(/\w/) });
  });

  it("may not be a macvtap of a NIC that has no classes", () => {
    expect(pathsOf(host([MACVTAP], { nic: { shaper: "edt" } }))).toContain(`${SLICE}.path`);
    expect(pathsOf(host([SRIOV], { nic: { shaper: "edt" } }))).not.toContain(`${SLICE}.path`);
  });

  it("has one slice, on a NIC in the hub whose switch knows it by one port", () => {
    const two = host([MACVTAP]);
    const [slice] = two.guests[0]?.vifs[0]?.aggregate.slices ?? [];
    const more = { aggregate: { slices: [slice, { ...slice, nic: nicId("eth2") }] } } as Change;
    const onTwo = host([MACVTAP], more);
    const nics = ["eth1", "eth2"].map((name) => ({ ...(onTwo.nics[0] as NicSpec), name: nicId(name) }));
    expect(pathsOf({ ...onTwo, nics })).toEqual([`${AGGREGATE}.slices`]);
    const [fabric] = two.fabrics;
    expect(pathsOf({ ...two, fabrics: [{ ...fabric, lag: true } as HostSpec["fabrics"][number]] })).toEqual([
      `${SLICE}.nic`,
    ]);
    const apart = { name: domainId("dd"), isolation: "netns" as const, drivers: [] };
    expect(pathsOf({ ...host([MACVTAP], { nic: { domain: apart.name } }), domains: [apart] })).toEqual([
      `${SLICE}.nic`,
    ]);
  });

  it("would break what others have reserved of what comes in", () => {
    const spec = host([MACVTAP], {}, 2);
    const other = spec.guests[1]?.vifs[0] as VifSpec;
    const reserving = other.aggregate.slices.map((slice) => ({ ...slice, ingress: slice.egress }));
    const guests = [
      spec.guests[0],
      { ...spec.guests[1], vifs: [{ ...other, aggregate: { ...other.aggregate, slices: reserving } }] },
    ];
    expect(pathsOf({ ...spec, guests } as HostSpec)).toEqual([`${SLICE}.path`]);
  });
});

describe("virtual functions share a NIC's capacity", () => {
  it("with the hub's guests by their limits, as nothing holds them back", () => {
    expect(pathsOf(host([SRIOV], { egress: { limit: 9800 } }, 2))).toEqual([]);
    const [finding, ...more] = admit(host([SRIOV], { egress: { limit: 9900 } }, 2));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ message: expect.stringMatching(/virtual functions count with their limits$/) });
  });

  it("and what they may send the hub's tree has not", () => {
    const spec = host([SRIOV], { egress: { limit: 4000 } }, 2);
    const { hub } = desiredState({ spec, inventory: wholeInventory(spec), observed: EMPTY_HUB });
    expect(hub.trees.get("eth1")?.rate).toBe(6e9);
    expect([...hub.slices.values()].map(({ ceil }) => ceil)).toEqual([100e6]);
    const alone = host([SRIOV], { egress: { limit: 4000 } });
    const all = desiredState({ spec: alone, inventory: wholeInventory(alone), observed: EMPTY_HUB });
    expect(all.hub.trees.get("eth1")?.rate).toBe(10e9);
  });

  it("and with one another by what the NIC reserves, where their limits are too much for it", () => {
    const many = (reserve: number) => host([SRIOV, SRIOV, SRIOV], { egress: { reserve, limit: 5000 } });
    expect(pathsOf(many(3000))).toEqual([]);
    expect(pathsOf(many(4000))).toEqual(["guests[2].aggregate.slices[0].egress.reserve"]);
    const settings = (spec: HostSpec) =>
      [...desiredState({ spec, inventory: wholeInventory(spec), observed: EMPTY_HUB }).hub.bypasses.values()][0];
    expect(settings(many(3000))).toMatchObject({ reserve: 3e9, limit: 5e9 });
    // Whatever the others send, there is room for it.
    expect(settings(host([SRIOV], { egress: { reserve: 3000, limit: 5000 } }))).toMatchObject({ reserve: 0 });
  });

  it.each<[string, { driver: string; enabled: number; total: number }, Change["egress"], readonly string[]]>([
    ["mlx5 reserves", { driver: "mlx5_core", enabled: 8, total: 8 }, { reserve: 3000, limit: 5000 }, []],
    [
      "ixgbe reserves nothing",
      { driver: "ixgbe", enabled: 8, total: 63 },
      { reserve: 3000, limit: 5000 },
      ["egress.reserve"],
    ],
    ["i40e limits in steps of 50 Mbit/s", { driver: "i40e", enabled: 8, total: 64 }, { limit: 1020 }, ["egress.limit"]],
    ["ixgbe limits to 11 Mbit/s or more", { driver: "ixgbe", enabled: 8, total: 63 }, { limit: 10 }, ["egress.limit"]],
    [
      "a driver that is not known is asked",
      { driver: "new", enabled: 8, total: 8 },
      { reserve: 3000, limit: 5000 },
      [],
    ],
    ["a NIC without SR-IOV", { driver: "r8169", enabled: 0, total: 0 }, {}, ["vf"]],
    ["none enabled", { driver: "ice", enabled: 0, total: 128 }, {}, ["vf"]],
  ])("%s", (_what, offer, egress, wrong) => {
    const spec = host([SRIOV, SRIOV, SRIOV], { egress: egress ?? {} });
    const findings = vfOfferFindings(spec, new Map([[ETH1, offer]]));
    expect(findings.map(({ path }) => path)).toEqual(
      [0, 1, 2].flatMap((guest) => wrong.map((end) => `guests[${guest}].aggregate.slices[0].${end}`)),
    );
  });
});

describe("the plan of a device of a guest's own", () => {
  it("leaves the least of all rates to the queues of a NIC whose virtual functions may fill it", () => {
    const spec = host([SRIOV, SRIOV, MACVTAP], { egress: { limit: 5000 } });
    const { hub } = desiredState({ spec, inventory: wholeInventory(spec), observed: EMPTY_HUB });
    expect([...hub.slices.values()].map(({ ceil }) => ceil)).toEqual([LOWEST_LIMIT]);
  });

  const stepsOf = (spec: HostSpec, observed = EMPTY_HUB) => {
    const { hub } = desiredState({ spec, inventory: wholeInventory(spec), observed });
    return { hub, words: plan(observed, hub).map((step) => describeStep(step)) };
  };

  it("a macvtap has its slice's class before it is set up, and no station", () => {
    const { hub, words } = stepsOf(host([MACVTAP]));
    const [vif] = [...hub.vifs.values()];
    expect(vif).toMatchObject({ device: "mt-guest0", macvtap: { nic: "eth1", mode: "bridge" } });
    expect(hub.slices.has(sliceKey("eth1", vif?.slot ?? -1))).toBe(true);
    expect(hub.stations.size + hub.segments.size).toBe(0);
    expect(hub.vifFilters.get("mt-guest0")).toEqual({ vifSlot: vif?.slot, macvtap: vif?.macvtap });
    const order = ["slice vif slot 0 on eth1", "macvtap mt-guest0 of guest0", "vif guest0", "filter on mt-guest0"];
    const places = order.map((start) => words.findIndex((text) => text.startsWith(start)));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  it("a virtual function needs neither slot nor class", () => {
    const { hub, words } = stepsOf(host([SRIOV], { vif: { vlan: 20, antiSpoof: { mac: false, ip: false } } }));
    expect(hub.vifs.size + hub.slices.size + hub.vifFilters.size).toBe(0);
    expect(words.at(-2)).toBe(
      "virtual function 0 of eth1 for guest0: new, VF 0 of eth1, MAC 52:54:00:00:00:00 (or any), VLAN 20, limit 1 Gbit",
    );
  });

  it("a guest whose NIC, or virtual function, is not there is pending, and what stood goes", () => {
    const spec = host([SRIOV, MACVTAP]);
    const before = stepsOf(spec).hub;
    const inventory = { ...wholeInventory(spec), nicsVfs: new Map([[ETH1, { driver: "ice", enabled: 0, total: 8 }]]) };
    const { hub, pending } = desiredState({ spec, inventory, observed: before });
    expect(pending).toEqual([{ kind: "vif", vif: "guest0", reason: "eth1 has 0 virtual functions enabled, of 8" }]);
    expect(plan(before, hub).map((step) => describeStep(step))).toEqual([
      "virtual function 0 of eth1 for guest0: gone",
    ]);
    const gone = { ...wholeInventory(spec), links: new Set<string>() };
    const without = desiredState({ spec, inventory: gone, observed: before });
    expect(without.hub.bypasses.size).toBe(0);
    expect(without.pending.flatMap((one) => (one.kind === "vif" ? [one.reason] : []))).toEqual([
      "there is no link eth1 yet",
      "there is no link eth1 yet",
    ]);
  });
});
