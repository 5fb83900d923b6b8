import { type NicId, nicId, type VifId } from "@gona/model";
import { EMPTY_HUB, type HubState, type Step, type VifEntry } from "@gona/planner";
import { expect, test } from "vitest";
import { announcementsForChange, announcementsForLoss, announcementsForReturn, movedVifs } from "./announcements.ts";

const [eth1, eth2, eth3] = [nicId("eth1"), nicId("eth2"), nicId("eth3")];
const web1 = "web1" as VifId;
const OWN = "52:54:00:aa:00:01";
const macOf = (nic: NicId): string => `02:00:00:00:00:0${nic.at(-1)}`;

/** A vif with slices on these NICs, null: a number without one. Only what counts here. */
const vif = (...nics: readonly (NicId | null)[]): VifEntry =>
  ({
    slot: 0,
    mac: OWN,
    rewriteMac: nics.length > 1,
    slices: nics.map((nic) => nic && { nic, mac: nics.length === 1 ? OWN : macOf(nic) }),
  }) as unknown as VifEntry;

function hub(entry: VifEntry): HubState {
  const stations = [
    { fabric: 1, vlan: 0, mac: OWN, vifSlot: 0, slice: "own" as const },
    ...entry.slices.flatMap((slice, number) =>
      slice && slice.mac !== OWN ? [{ fabric: 1, vlan: 0, mac: slice.mac, vifSlot: 0, slice: number }] : [],
    ),
  ];
  return {
    ...EMPTY_HUB,
    vifs: new Map([[web1, entry]]),
    stations: new Map(stations.map((station) => [station.mac as never, station])),
    addresses: new Map([["1/0 10.0.0.11" as never, { fabric: 1, vlan: 0, address: "10.0.0.11", vifSlot: 0 }]]),
  };
}

const told = (before: VifEntry, now: VifEntry, alive: readonly NicId[] = [eth1, eth2, eth3]) => {
  const moved = movedVifs([{ kind: "set", facet: "vifs", key: web1, value: now, before }] as readonly Step[]);
  return announcementsForChange(hub(now), moved, new Set(alive)).map(({ nic, mac, address }) =>
    [nic, mac, ...(address === undefined ? [] : [address])].join(" "),
  );
};

test("a guest that loses a slice tells its own MAC, the MACs that are left, and where its addresses are", () => {
  expect(told(vif(eth1, eth2), vif(eth2))).toEqual([`eth2 ${OWN}`, `eth2 ${OWN} 10.0.0.11`]);
  expect(told(vif(eth1, eth2, eth3), vif(null, eth2, eth3))).toEqual([
    `eth2 ${OWN}`,
    `eth2 ${macOf(eth2)}`,
    `eth3 ${macOf(eth3)}`,
    `eth2 ${macOf(eth2)} 10.0.0.11`,
  ]);
});

test("a guest whose first slice is another one now tells its own MAC alone", () => {
  expect(told(vif(null, eth2), vif(eth1, eth2))).toEqual([`eth1 ${OWN}`]);
});

test("a guest that gets a slice, changes otherwise, is new or was broken has nothing to tell", () => {
  expect(told(vif(eth1, null), vif(eth1, eth2))).toEqual([]);
  expect(told(vif(eth1, eth2), { ...vif(eth1, eth2), vlan: 7 })).toEqual([]);
  expect(told({ ...vif(eth1), stale: true }, vif(eth2))).toEqual([]);
});

test("nothing is told on a NIC that is dead", () => {
  expect(told(vif(eth1, eth2, eth3), vif(null, eth2, eth3), [eth3])).toEqual([
    `eth3 ${OWN}`,
    `eth3 ${macOf(eth2)}`,
    `eth3 ${macOf(eth3)}`,
    `eth3 ${macOf(eth3)} 10.0.0.11`,
  ]);
  expect(told(vif(eth1, eth2), vif(null, eth2), [])).toEqual([]);
});

test("MACs of slices that are gone are told behind the home NIC, also where their numbers are another's now", () => {
  const before = vif(eth1, eth2);
  const now = vif(eth2);
  const gone = { fabric: 1, vlan: 0, mac: macOf(eth1), vifSlot: 0, slice: 0 };
  const after = { ...hub(now), stations: new Map([...hub(now).stations, ["gone" as never, gone]]) };
  const moved = movedVifs([{ kind: "set", facet: "vifs", key: web1, value: now, before }] as readonly Step[]);
  expect(announcementsForChange(after, moved, new Set([eth1, eth2])).map(({ nic, mac }) => `${nic} ${mac}`)).toEqual([
    `eth2 ${OWN}`,
    `eth2 ${macOf(eth1)}`,
    `eth2 ${OWN}`,
  ]);
});

test("a slice that comes back while its vif still moves tells its MAC", () => {
  expect(told({ ...vif(null, eth2), moving: true }, vif(eth1, eth2))).toEqual([
    `eth1 ${OWN}`,
    `eth1 ${macOf(eth1)}`,
    `eth2 ${macOf(eth2)}`,
  ]);
});

test("a NIC's loss and return move the MACs of its slices, and the own MAC where it was or is the home", () => {
  const both = hub(vif(eth1, eth2));
  const words = (list: readonly { nic: string; mac: string }[]) => list.map(({ nic, mac }) => `${nic} ${mac}`);
  expect(words(announcementsForLoss(both, eth1, new Set([eth2])))).toEqual([`eth2 ${macOf(eth1)}`, `eth2 ${OWN}`]);
  expect(words(announcementsForLoss(both, eth2, new Set([eth1])))).toEqual([`eth1 ${macOf(eth2)}`]);
  expect(words(announcementsForLoss(both, eth1, new Set()))).toEqual([]);
  expect(words(announcementsForReturn(both, eth1, new Set([eth2])))).toEqual([`eth1 ${macOf(eth1)}`, `eth1 ${OWN}`]);
  expect(words(announcementsForReturn(both, eth2, new Set([eth1])))).toEqual([`eth2 ${macOf(eth2)}`]);
  expect(words(announcementsForLoss(hub(vif(eth1)), eth1, new Set([eth2])))).toEqual([]);
});
