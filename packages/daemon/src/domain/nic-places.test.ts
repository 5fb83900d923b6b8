import type { DomainId, DomainSpec, FabricId, HostSpec, NicId, NicSpec } from "@gona/model";
import { EMPTY_HUB, type HubState } from "@gona/planner";
import { expect, test } from "vitest";
import { type NicPlacesInput, nicPlaces } from "./nic-places.ts";
import type { ReadyDomain } from "./ready-domain.ts";

const nic = (name: string, domain: string, more: Partial<NicSpec> = {}) =>
  ({ name: name as NicId, domain: domain as DomainId, fabric: "rack" as FabricId, ...more }) as NicSpec;
const domain = (name: string, isolation: "netns" | "vm", more: Partial<DomainSpec> = {}) =>
  ({ name: name as DomainId, isolation, drivers: [], ...more }) as HostSpec["domains"][number];
const DOMAINS = [
  domain("dd-a", "netns", { drivers: ["ixgbe"] }),
  domain("dd-b", "netns", { pci: ["0000:03:00.0"] }),
  domain("dd-vm", "vm"),
];
const readyNetns = (name: string): [DomainId, ReadyDomain] => [
  name as DomainId,
  { domain: name as DomainId, isolation: "netns", netns: `hub.${name}`, writer: undefined, nics: undefined },
];
const BOTH = new Map([readyNetns("dd-a"), readyNetns("dd-b")]);

/** A hub where NICs are in use: in the hub, or behind a trunk to the domain given. */
function inUse(places: Readonly<Record<string, string | undefined>>): HubState {
  const names = Object.entries(places) as [NicId, DomainId | undefined][];
  return {
    ...EMPTY_HUB,
    nics: new Map(names.map(([name]) => [name, { up: true }])),
    trunks: new Map(names.flatMap(([name, to]) => (to === undefined ? [] : [[name, { kind: "veth", domain: to }]]))),
  } as unknown as HubState;
}

function places(
  nics: readonly NicSpec[],
  { at = {}, ...more }: Partial<NicPlacesInput> & { readonly at?: Readonly<Record<string, string | undefined>> } = {},
) {
  const { placements, absentNics } = nicPlaces({
    spec: { domains: DOMAINS, nics, fabrics: [], guests: [] } as unknown as HostSpec,
    observed: inUse(at),
    links: { has: () => true, domainOf: (name) => at[name] },
    ready: BOTH,
    arriving: new Set(),
    hardwareOf: () => undefined,
    ...more,
  });
  const placed = [...placements].map(([name, place]) => `${name} in ${place.domain}`);
  return [...placed, ...[...absentNics].map(([name, why]) => `${name} out: ${why}`)];
}

test("a NIC is in the hub, or in the domain that it names once it stands there", () => {
  expect(places([nic("eth1", "host"), nic("eth2", "dd-a")], { at: { eth1: undefined, eth2: "dd-a" } })).toEqual([
    "eth2 in dd-a",
  ]);
});

test("a NIC that names no domain belongs in the one that lists its PCI address, or else its driver", () => {
  const any = nic("eth1", "host", { byHardware: true });
  const at = (driver: string, bus = "") => ({ hardwareOf: () => ({ driver, bus }) });
  const onItsWay = (to: string) => [`eth1 out: it is on its way to the domain ${to}`];
  expect(places([any], at("ixgbe"))).toEqual(onItsWay("dd-a"));
  expect(places([any], at("e1000"))).toEqual([]);
  expect(places([any], at("e1000", "0000:03:00.0"))).toEqual(onItsWay("dd-b"));
  expect(places([any], at("ixgbe", "0000:03:00.0"))).toEqual(onItsWay("dd-b"));
  expect(places([nic("eth1", "host")], at("ixgbe", "0000:03:00.0"))).toEqual([]);
});

test("one that is to move stays in use until its domain is ready; one that is in use nowhere waits", () => {
  const ready = new Map([readyNetns("dd-b")]);
  expect(places([nic("eth1", "dd-a")], { ready, at: { eth1: undefined } })).toEqual([]);
  expect(places([nic("eth1", "dd-a")], { ready, at: { eth1: "dd-b" } })).toEqual(["eth1 in dd-b"]);
  expect(places([nic("eth1", "dd-a")], { ready })).toEqual(["eth1 out: the domain dd-a is not there yet"]);
});

test("NICs of one fabric move one after the other, those of another fabric do not wait", () => {
  const nics = [nic("eth1", "dd-a"), nic("eth2", "dd-b"), nic("eth3", "dd-b", { fabric: "other" as FabricId })];
  const at = { eth1: undefined, eth2: undefined, eth3: undefined };
  const away = "it is on its way to the domain";
  expect(places(nics, { at })).toEqual([`eth1 out: ${away} dd-a`, `eth3 out: ${away} dd-b`]);
  const arriving = new Set(["eth1" as NicId]);
  expect(places(nics.slice(0, 2), { at: { eth1: "dd-a", eth2: undefined }, arriving })).toEqual(["eth1 in dd-a"]);
  // Before and after its links are free of GONA's, it goes on leaving, and the other one goes on waiting.
  expect(places(nics.slice(0, 2), { at: { eth1: undefined, eth2: undefined }, arriving })).toEqual([
    `eth1 out: ${away} dd-a`,
  ]);
  const observed = inUse({ eth2: undefined });
  expect(places(nics.slice(0, 2), { observed, arriving })).toEqual([`eth1 out: ${away} dd-a`]);
  expect(places(nics.slice(0, 2), { at: { eth1: "dd-a", eth2: undefined } })).toEqual([
    "eth1 in dd-a",
    `eth2 out: ${away} dd-b`,
  ]);
});

test("out of a domain, into the hub or a virtual machine, a NIC goes by the hub", () => {
  expect(places([nic("eth1", "host")], { at: { eth1: "dd-a" } })).toEqual([
    "eth1 out: it is on its way out of the domain dd-a",
  ]);
  expect(places([nic("eth1", "dd-vm")], { at: { eth1: "dd-a" } })).toEqual([
    "eth1 out: it is on its way to the domain dd-vm",
  ]);
  const vm: ReadyDomain = {
    domain: "dd-vm" as DomainId,
    isolation: "vm",
    netns: undefined,
    writer: undefined,
    nics: new Set(["eth1" as NicId]),
  };
  expect(places([nic("eth1", "dd-vm")], { ready: new Map([[vm.domain, vm]]) })).toEqual(["eth1 in dd-vm"]);
});
