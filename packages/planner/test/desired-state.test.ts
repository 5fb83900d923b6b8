import { bytes, milliseconds, nicId, type VifSpec, vifId } from "@gona/model";
import { describe, expect, it } from "vitest";
import { desiredState } from "../src/desired-state.ts";
import { EMPTY_HUB, type HubState, type VifEntry } from "../src/hub-state.ts";
import { plan } from "../src/plan.ts";
import { sliceMac } from "../src/slice-mac.ts";
import { bigGuest, bigHost, wholeInventory } from "./big-host.ts";

const spec = bigHost(3, 2);
const inventory = wholeInventory(spec);
const whole = desiredState({ spec, inventory, observed: EMPTY_HUB }).hub;

function bucketsByNic(vif: VifEntry | undefined): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const number of vif?.buckets ?? []) {
    const nic = vif?.slices[number]?.nic ?? "nowhere";
    counts[nic] = (counts[nic] ?? 0) + 1;
  }
  return counts;
}
const guest0 = (hub: HubState): VifEntry | undefined => hub.vifs.get("guest0" as VifSpec["id"]);

/** The spec with every vif changed. */
const withVifs = (change: (vif: VifSpec) => VifSpec, of = spec) => ({
  ...of,
  guests: of.guests.map((guest) => ({ ...guest, vifs: guest.vifs.map(change) })),
});

describe("what is not there yet", () => {
  it("leaves out a vif whose link is missing, says so, and takes it in when it appears", () => {
    const links = new Set([...inventory.links].filter((link) => link !== "vnet1"));
    const before = desiredState({ spec, inventory: { ...inventory, links }, observed: EMPTY_HUB });
    expect(before.pending).toEqual([{ kind: "vif", vif: "guest1", reason: "there is no link vnet1 yet" }]);
    expect([...before.hub.vifs.keys()]).toEqual(["guest0", "guest2"]);
    const after = desiredState({ spec, inventory, observed: before.hub });
    expect(after.pending).toEqual([]);
    // The classes of the others stay as they are: a pending guest's part was kept for it.
    expect(
      plan(before.hub, after.hub).every(
        (step) => (step.kind === "set" && step.before === undefined) || step.facet === "segments",
      ),
    ).toBe(true);
  });

  it("leaves out a vif that cannot be made for want of its namespace, and keeps one that was made", () => {
    const created = withVifs((vif) => ({
      ...vif,
      attachment: { kind: "create", netns: `ns-${vif.id}`, name: "eth0" },
    }));
    const namespaces = new Set(["ns-guest0", "ns-guest2"]);
    const before = desiredState({ spec: created, inventory: { ...inventory, namespaces }, observed: EMPTY_HUB });
    const reason = "there is no network namespace ns-guest1 yet";
    expect(before.pending).toEqual([{ kind: "vif", vif: "guest1", reason }]);
    // The name of a namespace may go while the pair that reaches into it lives.
    const links = new Set([...inventory.links, ...[...before.hub.vifLinks.values()].map((link) => link.device)]);
    const nameless = { ...inventory, links, namespaces: new Set<string>() };
    const after = desiredState({ spec: created, inventory: nameless, observed: before.hub });
    expect(plan(before.hub, after.hub)).toEqual([]);
  });

  it("leaves out a NIC whose link is missing and lets its guests go on by the others", () => {
    const links = new Set([...inventory.links].filter((link) => link !== "eth2"));
    const { hub, pending } = desiredState({ spec, inventory: { ...inventory, links }, observed: whole });
    expect(pending).toEqual([{ kind: "nic", nic: "eth2", reason: "there is no link eth2 yet" }]);
    expect(bucketsByNic(guest0(hub))).toEqual({ eth1: 1024 });
    // By the spec it still has two slices: its MACs must not change with a card.
    expect(guest0(hub)?.rewriteMac).toBe(true);
  });

  it("keeps a vif without any NIC for traffic between guests", () => {
    const links = new Set([...inventory.links].filter((link) => !link.startsWith("eth")));
    const { hub } = desiredState({ spec, inventory: { ...inventory, links }, observed: EMPTY_HUB });
    expect(guest0(hub)?.slices.every((slice) => slice === null)).toBe(true);
    expect(hub.vifFilters.size).toBe(3);
    expect([...hub.stations.values()].filter((station) => station.slice === "own").length).toBe(3);
  });

  it("goes on answering to the MAC of a slice whose NIC is gone, for the peers that learnt it", () => {
    const links = new Set([...inventory.links].filter((link) => link !== "eth1"));
    const gone = desiredState({ spec, inventory: { ...inventory, links }, observed: whole }).hub;
    expect(guest0(gone)?.slices[0]).toBeNull();
    expect(gone.stations).toEqual(whole.stations);
    expect(desiredState({ spec, inventory: { ...inventory, links }, observed: gone }).hub).toEqual(gone);
    // It comes back under the number and the MAC that it had.
    expect(guest0(desiredState({ spec, inventory, observed: gone }).hub)?.slices).toEqual(guest0(whole)?.slices);
  });
});

describe("NICs that fail", () => {
  const without = (...nics: string[]) => new Set([...inventory.nicsUp].filter((nic) => !nics.includes(nic)));

  it("takes the buckets from a dead NIC and shuts its gate, and leaves its classes", () => {
    const { hub } = desiredState({ spec, inventory: { ...inventory, nicsUp: without("eth1") }, observed: whole });
    expect(hub.nics.get(nicId("eth1"))?.up).toBe(false);
    expect(bucketsByNic(guest0(hub))).toEqual({ eth2: 1024 });
    expect(hub.slices).toEqual(whole.slices);
  });

  it("leaves the table whole when all are dead, so that the first to return works at once", () => {
    const { hub } = desiredState({ spec, inventory: { ...inventory, nicsUp: new Set() }, observed: whole });
    expect(bucketsByNic(guest0(hub))).toEqual({ eth1: 512, eth2: 512 });
  });

  it("holds buckets back from a NIC that must prove itself, unless it is the last", () => {
    const held = { ...inventory, nicsHeld: new Set([nicId("eth1")]) };
    expect(bucketsByNic(guest0(desiredState({ spec, inventory: held, observed: whole }).hub))).toEqual({ eth2: 1024 });
    const last = { ...held, nicsUp: without("eth2") };
    expect(bucketsByNic(guest0(desiredState({ spec, inventory: last, observed: whole }).hub))).toEqual({ eth1: 1024 });
  });

  it("stops a guest that asked for it, also for a NIC that vanished", () => {
    const strict = withVifs((vif) => ({ ...vif, aggregate: { ...vif.aggregate, onNicLoss: "stop" } }));
    const links = new Set([...inventory.links].filter((link) => link !== "eth2"));
    for (const [inv, stopped] of [
      [inventory, false],
      [{ ...inventory, nicsUp: without("eth1") }, true],
      [{ ...inventory, links }, true],
    ] as const) {
      expect(guest0(desiredState({ spec: strict, inventory: inv, observed: whole }).hub)?.stopped).toBe(stopped);
    }
  });

  it("sends everything by the first living slice of the spec's order under active-backup", () => {
    const backup = withVifs((vif) => ({
      ...vif,
      aggregate: { ...vif.aggregate, balance: "active-backup", slices: vif.aggregate.slices.toReversed() },
    }));
    expect(bucketsByNic(guest0(desiredState({ spec: backup, inventory, observed: whole }).hub))).toEqual({
      eth2: 1024,
    });
    const nicsUp = without("eth2");
    expect(
      bucketsByNic(guest0(desiredState({ spec: backup, inventory: { ...inventory, nicsUp }, observed: whole }).hub)),
    ).toEqual({ eth1: 1024 });
  });
});

describe("MACs", () => {
  it("are the guest's own on one slice or a lag, and one per NIC otherwise", () => {
    const slice = (hub: HubState, number = 0) => guest0(hub)?.slices[number]?.mac;
    expect(slice(whole)).toBe(sliceMac("52:54:00:00:00:00", nicId("eth1")));
    const lag = { ...spec, fabrics: spec.fabrics.map((fabric) => ({ ...fabric, lag: true })) };
    const lagged = desiredState({ spec: lag, inventory, observed: EMPTY_HUB }).hub;
    expect(slice(lagged)).toBe("52:54:00:00:00:00");
    expect(lagged.stations.size).toBe(3);
    const single = bigHost(3, 1);
    expect(slice(desiredState({ spec: single, inventory: wholeInventory(single), observed: EMPTY_HUB }).hub)).toBe(
      "52:54:00:00:00:00",
    );
  });

  it("give way to a guest that brings one as its own", () => {
    const wanted = sliceMac("52:54:00:00:00:00", nicId("eth2"));
    const intruder = bigGuest(7, ["eth1"]);
    const crowded = {
      ...spec,
      guests: [...spec.guests, { ...intruder, vifs: intruder.vifs.map((vif) => ({ ...vif, mac: wanted })) }],
    };
    const inv = wholeInventory(crowded);
    const previous = { spec, inventory, desired: desiredState({ spec, inventory, observed: EMPTY_HUB }) };
    for (const input of [{ previous }, {}]) {
      const { hub } = desiredState({ spec: crowded, inventory: inv, observed: whole, ...input });
      expect(guest0(hub)?.slices[1]?.mac).toBe(sliceMac("52:54:00:00:00:00", nicId("eth2"), 1));
      expect(hub.stations.get(`1/0 ${wanted}` as never)?.vifSlot).toBe(3);
    }
  });
});

describe("numbers", () => {
  it("uses a slot again only when nothing in the kernel has it any more", () => {
    const swapped = { ...spec, guests: [...spec.guests.slice(1), bigGuest(9, ["eth1", "eth2"])] };
    const { hub } = desiredState({ spec: swapped, inventory: wholeInventory(swapped), observed: whole });
    expect(hub.vifs.get(vifId("guest9" as never))?.slot).toBe(3);
    const later = { ...swapped, guests: [...swapped.guests, bigGuest(10, ["eth1"])] };
    const next = desiredState({ spec: later, inventory: wholeInventory(later), observed: hub }).hub;
    expect(next.vifs.get(vifId("guest10" as never))?.slot).toBe(0);
  });

  it("reuses a slice number where a guest swaps five of eight NICs at once", () => {
    const nics = Array.from({ length: 13 }, (_, index) => `eth${index + 1}`);
    const host = bigHost(1, 13);
    const before = { ...host, guests: [bigGuest(0, nics.slice(0, 8))] };
    const after = { ...host, guests: [bigGuest(0, nics.slice(5))] };
    const inv = wholeInventory(host);
    const old = desiredState({ spec: before, inventory: inv, observed: EMPTY_HUB }).hub;
    const { hub } = desiredState({ spec: after, inventory: inv, observed: old });
    expect(guest0(hub)?.slices.filter((slice) => slice !== null)).toHaveLength(8);
    for (const nic of nics.slice(5, 8)) {
      const at = (state: HubState) => guest0(state)?.slices.findIndex((slice) => slice?.nic === nic);
      expect(at(hub)).toBe(at(old));
    }
  });
});

describe("the memory of the last call", () => {
  const first = desiredState({ spec, inventory, observed: EMPTY_HUB });
  const previous = { spec, inventory, desired: first };

  it("gives back the same facets when nothing changed, also for a spec read anew", () => {
    const again = desiredState({ spec: bigHost(3, 2), inventory, observed: first.hub, previous });
    for (const facet of Object.keys(EMPTY_HUB) as (keyof HubState)[]) expect(again.hub[facet]).toBe(first.hub[facet]);
  });

  it("touches only what a changed guest has", () => {
    const changed = {
      ...spec,
      guests: spec.guests.map((guest, i) => (i === 1 ? bigGuest(1, ["eth1", "eth2"], 50) : guest)),
    };
    const next = desiredState({ spec: changed, inventory, observed: first.hub, previous });
    expect(next.hub.stations).toBe(first.hub.stations);
    expect(next.hub.vifs).toBe(first.hub.vifs);
    expect(plan(first.hub, next.hub).map((step) => step.key)).toEqual(["eth1 1", "eth2 1"]);
  });

  it("hands a device and a MAC from one guest to another", () => {
    const heir = {
      ...bigGuest(5, ["eth1"]),
      vifs: bigGuest(5, ["eth1"]).vifs.map((vif) => ({
        ...vif,
        attachment: { kind: "device" as const, device: "vnet0" },
        mac: "52:54:00:00:00:00",
      })),
    };
    const changed = { ...spec, guests: [heir, ...spec.guests.slice(1)] };
    const { hub } = desiredState({ spec: changed, inventory, observed: first.hub, previous });
    expect(hub.vifFilters.get("vnet0")).toEqual({ vifSlot: 3 });
    expect(hub.stations.get("1/0 52:54:00:00:00:00" as never)?.vifSlot).toBe(3);
  });
});

it("names a veth pair of its own after all that makes it, within 15 bytes", () => {
  const make = (netns: string) =>
    withVifs((vif) => ({ ...vif, attachment: { kind: "create", netns, name: "eth0" } }), bigHost(1, 1));
  const links = (netns: string) => [
    ...desiredState({ spec: make(netns), inventory, observed: EMPTY_HUB }).hub.vifLinks.values(),
  ];
  expect(links("a")).toMatchInlineSnapshot(`
    [
      {
        "device": "gv-e4d0162d09fb",
        "mac": "52:54:00:00:00:00",
        "name": "eth0",
        "netns": "a",
      },
    ]
  `);
  expect(links("b")[0]?.device).not.toBe(links("a")[0]?.device);
});

it("lets a virtual queue drain by what the link adds to a full frame slower than the limit", () => {
  const latency = withVifs((vif) => ({ ...vif, aggregate: { ...vif.aggregate, latency: milliseconds(5) } }));
  const drain = (overhead: number): number => {
    const nics = latency.nics.map((nic) => ({ ...nic, overhead: bytes(overhead) }));
    const { hub } = desiredState({ spec: { ...latency, nics }, inventory, observed: EMPTY_HUB });
    return guest0(hub)?.slices[0]?.egress ?? 0;
  };
  expect(drain(0)).toBe(100e6);
  expect(drain(24) / drain(0)).toBeCloseTo(1514 / 1538, 6);
});
