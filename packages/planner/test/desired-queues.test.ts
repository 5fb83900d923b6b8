import { type AggregateSpec, bytes, type HostSpec, megabitsPerSecond, milliseconds, shares } from "@gona/model";
import { describe, expect, it } from "vitest";
import { type Desired, desiredState } from "../src/desired-state.ts";
import { EMPTY_HUB, type HubState, sliceKey, type VifEntry } from "../src/hub-state.ts";
import { plan } from "../src/plan.ts";
import { bigHost, wholeInventory } from "./big-host.ts";

const plain = bigHost(3, 2);
const inventory = wholeInventory(plain);
const share = (reserve: number, limit: number) => ({
  reserve: megabitsPerSecond(reserve),
  limit: megabitsPerSecond(limit),
  shares: shares(100),
});

/** The host with the aggregate of one guest changed. */
const changed = (
  index: number,
  change: (aggregate: AggregateSpec) => Partial<AggregateSpec>,
  of = plain,
): HostSpec => ({
  ...of,
  guests: of.guests.map((guest, i) =>
    i === index
      ? { ...guest, vifs: guest.vifs.map((v) => ({ ...v, aggregate: { ...v.aggregate, ...change(v.aggregate) } })) }
      : guest,
  ),
});
const withIngress = (aggregate: AggregateSpec): Partial<AggregateSpec> => ({
  slices: aggregate.slices.map((slice, i) => (i === 0 ? { ...slice, ingress: share(40, 200) } : slice)),
});
const desired = (spec: HostSpec, observed: HubState = EMPTY_HUB): Desired =>
  desiredState({ spec, inventory, observed });
const hubOf = (spec: HostSpec): HubState => desired(spec).hub;
const guest = (hub: HubState, index = 0): VifEntry | undefined => hub.vifs.get(`guest${index}` as never);
const at = (hub: HubState, link: string, slot = 0) => hub.slices.get(sliceKey(link, slot));

describe("what comes in", () => {
  const hub = hubOf(changed(0, withIngress));

  it("passes a spine with a class for every vif of the NIC as soon as one slice is shaped, on that NIC alone", () => {
    expect([...hub.spines.keys()]).toEqual(["in eth1"]);
    expect([...hub.nics.values()].map(({ shapeIn }) => shapeIn)).toEqual([true, false]);
    expect([0, 1, 2].map((slot) => at(hub, "gq-in-eth1", slot)?.ceil)).toEqual([200e6, 9.9e9, 9.9e9]);
    expect(at(hub, "gq-in-eth1")?.rate).toBeGreaterThanOrEqual(40e6);
  });

  it("waits here and not in the switch: the tree has a little less than the NIC", () => {
    expect(hub.trees.get("gq-in-eth1")?.rate).toBe(9.9e9);
  });

  it("leaves nothing of it when the last such slice goes", () => {
    const steps = plan(hub, desired(plain, hub).hub);
    expect(steps.filter(({ kind }) => kind === "clear").map(({ facet, key }) => `${facet} ${key}`)).toEqual([
      "slices gq-in-eth1 0",
      "slices gq-in-eth1 1",
      "slices gq-in-eth1 2",
      "trees gq-in-eth1",
      "spineFilters gp-in-eth1",
      "spines in eth1",
    ]);
    expect(desired(plain, hub).hub).toEqual(hubOf(plain));
  });

  it("keeps what shares mean there when a daemon starts anew", () => {
    const spec = changed(0, withIngress, bigHost(40, 2));
    const whole = wholeInventory(spec);
    let observed = EMPTY_HUB;
    for (const one of [spec, changed(7, () => ({ limit: {} }), spec)]) {
      observed = desiredState({ spec: one, inventory: whole, observed }).hub;
    }
    expect(plan(observed, desiredState({ spec, inventory: whole, observed }).hub)).toEqual([]);
  });
});

describe("caps over all NICs", () => {
  const hub = hubOf(
    changed(1, () => ({
      limit: { egress: megabitsPerSecond(120), ingress: megabitsPerSecond(90), local: megabitsPerSecond(7) },
    })),
  );

  it("are classes of their own, in trees that bind nobody else, and a tree on the vif's own link", () => {
    expect(at(hub, "gq-cap", 1)).toMatchObject({ rate: 120e6, ceil: 120e6 });
    expect(at(hub, "gq-local", 1)).toMatchObject({ rate: 7e6, ceil: 7e6 });
    expect(hub.trees.get("vnet1")?.rate).toBe(90e6);
    expect(at(hub, "gq-cap", 0)).toBeUndefined();
    expect(guest(hub, 1)).toMatchObject({ capped: true, localCapped: true, queued: true });
    expect(guest(hub, 0)).toMatchObject({ capped: false, localCapped: false, queued: false });
  });

  it("stay where the vif's link is missing, for it will come", () => {
    const links = new Set([...inventory.links].filter((link) => link !== "vnet1"));
    const spec = changed(1, () => ({ limit: { egress: megabitsPerSecond(120) } }));
    const without = desiredState({ spec, inventory: { ...inventory, links }, observed: EMPTY_HUB }).hub;
    expect([...without.spines.keys()]).toEqual(["cap"]);
  });
});

describe("a latency goal", () => {
  const goal = (aggregate: AggregateSpec): Partial<AggregateSpec> => ({
    ...withIngress(aggregate),
    latency: milliseconds(5),
    limit: { egress: megabitsPerSecond(60) },
  });

  it("tells the maps the limits at which virtual queues drain, and not without a goal", () => {
    const drains = (hub: HubState) => guest(hub)?.slices.flatMap((s) => (s ? [[s.egress, s.ingress]] : []));
    expect(drains(hubOf(changed(0, goal)))).toEqual([
      [60e6, 200e6],
      [60e6, 0],
    ]);
    expect(drains(hubOf(changed(0, withIngress)))).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(guest(hubOf(changed(0, goal)))?.latency).toBe(5_000_000);
  });

  it("makes parts in every tree that the vif's frames pass", () => {
    const hub = hubOf(changed(0, goal));
    for (const link of ["eth1", "eth2", "gq-in-eth1", "gq-cap"]) {
      expect(
        at(hub, link)?.parts.map(({ part }) => part),
        link,
      ).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14]);
    }
    expect(guest(hub)?.lanes).toBe(true);
  });

  it("has lanes for new goals up to 64 on a NIC, and takes them from nobody", () => {
    const of = (goals: number, observed = EMPTY_HUB) => {
      const host = bigHost(goals, 1);
      const spec = {
        ...host,
        guests: host.guests.map((one) => ({
          ...one,
          vifs: one.vifs.map((v) => ({ ...v, aggregate: { ...v.aggregate, ...goal(v.aggregate) } })),
        })),
      };
      return desiredState({ spec, inventory: wholeInventory(host), observed }).hub;
    };
    const laned = (hub: HubState) => [...hub.vifs.values()].filter(({ lanes }) => lanes).length;
    const full = of(64);
    expect(laned(full)).toBe(64);
    const more = of(66, full);
    expect(laned(more)).toBe(64);
    expect(laned(of(64, more))).toBe(64);
    expect(laned(of(66))).toBe(0);
  });
});

describe("the NIC's own settings", () => {
  const nics = plain.nics.map((nic, i) =>
    i === 0 ? { ...nic, overhead: bytes(24), host: { ...share(300, 5000), shares: shares(1000) } } : nic,
  );
  const hub = hubOf({ ...changed(0, withIngress), nics });

  it("give the host what the spec says, and its shares in what is spare", () => {
    const host = hub.trees.get("eth1")?.host;
    expect(host?.rate).toBeGreaterThan(300e6);
    expect(host?.ceil).toBe(5e9);
    expect(host?.quantum).toBeGreaterThan(hub.trees.get("eth2")?.host?.quantum ?? 0);
  });

  it("count the overhead in both trees of the NIC and in no other", () => {
    expect(hub.trees.get("eth1")).toMatchObject({ overhead: 24, host: { overhead: 24 } });
    expect(at(hub, "eth1")?.overhead).toBe(24);
    expect(at(hub, "gq-in-eth1", 2)?.overhead).toBe(24);
    expect(at(hub, "eth2")?.overhead).toBeUndefined();
  });
});

it("keep-reserve gives a lost NIC's reservation to the others while it is lost", () => {
  const greedy = { ...share(1, 9000), shares: shares(10_000) };
  const eager = changed(1, ({ slices }) => ({ slices: slices.map((slice) => ({ ...slice, egress: greedy })) }));
  const small = { ...share(2000, 6000), shares: shares(1) };
  const spec = changed(
    0,
    ({ slices }) => ({ onNicLoss: "keep-reserve", slices: slices.map((slice) => ({ ...slice, egress: small })) }),
    eager,
  );
  const before = desired(spec);
  const nicsUp = new Set([...inventory.nicsUp].filter((nic) => nic !== "eth1"));
  const down = { ...inventory, nicsUp };
  const previous = { spec, inventory, desired: before };
  const lost = desiredState({ spec, inventory: down, observed: before.hub, previous });
  expect(at(before.hub, "eth2")?.rate).toBeLessThan(4000e6);
  expect(at(lost.hub, "eth2")?.rate).toBeGreaterThanOrEqual(4000e6);
  const back = desiredState({
    spec,
    inventory,
    observed: lost.hub,
    previous: { spec, inventory: down, desired: lost },
  });
  expect(at(back.hub, "eth2")?.rate).toBe(at(before.hub, "eth2")?.rate);
});

it("one guest's change touches its own entries alone, in every tree", () => {
  const rich = plain.guests.reduce(
    (spec, _, i) => changed(i, (a) => ({ ...withIngress(a), latency: milliseconds(5) }), spec),
    plain,
  );
  const first = desired(rich);
  const spec = changed(1, () => ({ latency: milliseconds(9) }), rich);
  const next = desiredState({
    spec,
    inventory,
    observed: first.hub,
    previous: { spec: rich, inventory, desired: first },
  });
  expect(plan(first.hub, next.hub).map(({ facet, key }) => `${facet} ${key}`)).toEqual([
    "slices eth1 1",
    "slices gq-in-eth1 1",
    "slices eth2 1",
    "vifs guest1",
  ]);
  expect(next.hub.trees).toBe(first.hub.trees);
  expect(next.hub.nics).toBe(first.hub.nics);
});
