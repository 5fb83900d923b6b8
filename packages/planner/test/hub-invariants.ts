import type { NicId, VifId } from "@gona/model";
import { expect } from "vitest";
import { classMinor, innerMinor } from "../src/class-minors.ts";
import { RATE_FLOOR } from "../src/htb-shape.ts";
import { type HubState, sliceKey } from "../src/hub-state.ts";
import { egressLink, ingressLink } from "./nic-links.ts";
import { expectSoundQueues } from "./queue-invariants.ts";
import { usedSlices } from "./used-slices.ts";

/**
 * Whether a packet of a vif finds a way out: a filter hands over its slot, and a bucket points to a
 * slice whose NIC has its entry and its queue and on it the slice's class.
 */
export function hasWorkingSlice(hub: HubState, vif: VifId): boolean {
  const entry = hub.vifs.get(vif);
  if (entry === undefined) return false;
  if (![...hub.vifFilters.values()].some((filter) => filter.vifSlot === entry.slot)) return false;
  return usedSlices(entry).some((number) => {
    const slice = entry.slices[number];
    return (
      slice !== null &&
      slice !== undefined &&
      hub.nics.get(slice.nic)?.slot === slice.nicSlot &&
      hub.trees.has(egressLink(hub, slice.nic)) &&
      hub.slices.has(sliceKey(egressLink(hub, slice.nic), entry.slot)) &&
      leadsOut(hub, slice.nic)
    );
  });
}

/** Whether a trunk is there, with a filter at its far end, where a NIC's entry names one. */
function leadsOut(hub: HubState, nic: NicId): boolean {
  const trunk = hub.nics.get(nic)?.trunk;
  if (trunk === undefined) return true;
  if (hub.trunks.get(nic)?.device !== trunk.device) return false;
  return trunk.peer === undefined || hub.domainFilters.get(nic)?.peer === trunk.peer;
}

/** What every desired hub of an admitted spec keeps. */
export function expectSound(hub: HubState): void {
  expectUnique(
    "vif slots",
    [...hub.vifs.values()].map((vif) => vif.slot),
  );
  expectUnique(
    "NIC slots",
    [...hub.nics.values()].map((nic) => nic.slot),
  );
  expectUnique(
    "devices",
    [...hub.vifs.values()].map((vif) => vif.device),
  );
  for (const [id, link] of hub.vifLinks) {
    expect(link.device.length).toBeLessThanOrEqual(15);
    expect(hub.vifs.get(id)?.device).toBe(link.device);
  }
  expectUniqueMacs(hub);
  for (const [nic, { shapeIn }] of hub.nics) {
    expectFittingTree(hub, egressLink(hub, nic));
    if (shapeIn) expectFittingTree(hub, ingressLink(hub, nic) ?? "");
    expect(leadsOut(hub, nic)).toBe(true);
    expect(hub.nicFilters.has(nic)).not.toBe(hub.domainFilters.has(nic));
  }
  expectSoundQueues(hub);
  expectSoundBypasses(hub);
  const slots = new Map([...hub.vifs].map(([id, vif]) => [vif.slot, id]));
  for (const vif of hub.vifs.values()) {
    const { macvtap } = vif;
    expect(hub.vifFilters.get(vif.device)).toEqual({ vifSlot: vif.slot, ...(macvtap && { macvtap }) });
    const living = vif.slices.filter((slice) => slice !== null);
    for (const slice of living) expect(hub.slices.has(sliceKey(egressLink(hub, slice.nic), vif.slot))).toBe(true);
    // No bucket points into the void, and none to a dead NIC beside a living one.
    if (living.length > 0) for (const number of usedSlices(vif)) expect(vif.slices[number]).not.toBeNull();
    if (living.some((slice) => hub.nics.get(slice.nic)?.up)) {
      for (const number of usedSlices(vif)) {
        expect(hub.nics.get(vif.slices[number]?.nic as NicId)?.up).toBe(true);
      }
    }
  }
  for (const station of hub.stations.values()) expect(slots.has(station.vifSlot)).toBe(true);
  for (const address of hub.addresses.values()) expect(slots.has(address.vifSlot)).toBe(true);
  for (const segment of hub.segments.values()) {
    expect(segment.vifSlots).toEqual([...segment.vifSlots].sort((a, b) => a - b));
    for (const slot of segment.vifSlots) expect(slots.has(slot)).toBe(true);
  }
}

/** Own and per-slice MACs together are each one vif's, in the fabric. */
function expectUniqueMacs(hub: HubState): void {
  const owners = new Map<string, VifId>();
  for (const [id, vif] of hub.vifs) {
    const macs = new Set([vif.mac, ...vif.slices.flatMap((slice) => (slice === null ? [] : [slice.mac]))]);
    if (vif.rewriteMac) expect(macs.size).toBe(1 + vif.slices.filter((slice) => slice !== null).length);
    for (const mac of macs) {
      const key = `${vif.fabric} ${mac}`;
      expect(owners.get(key) ?? id, `${mac} is of one vif`).toBe(id);
      owners.set(key, id);
      // A macvtap's frames come in past all stations.
      if (vif.macvtap === undefined)
        expect(hub.stations.get(`${vif.fabric}/${vif.vlan} ${mac}` as never)?.vifSlot).toBe(vif.slot);
    }
  }
}

/** Each macvtap is its vif's device, and no virtual function is two vifs'. */
function expectSoundBypasses(hub: HubState): void {
  const vfs: string[] = [];
  for (const [id, path] of hub.bypasses) {
    expect(hub.nics.has(path.nic)).toBe(true);
    if (path.kind === "sriov") {
      vfs.push(`${path.nic} ${path.vf}`);
      expect(hub.vifs.has(id)).toBe(false);
      continue;
    }
    const { device, nic, mode } = path;
    expect(hub.vifs.get(id)).toMatchObject({ device, macvtap: { nic, mode } });
  }
  expectUnique("virtual functions", vfs);
  const macvtaps = [...hub.vifs].flatMap(([id, { macvtap }]) => (macvtap ? [id] : []));
  for (const id of macvtaps) expect(hub.bypasses.get(id)?.kind).toBe("macvtap");
}

function expectFittingTree(hub: HubState, link: string): void {
  const queue = hub.trees.get(link);
  expect(queue).toBeDefined();
  if (queue === undefined || queue.timed) return;
  let sum = queue.host.rate as number;
  const minors: number[] = [];
  for (const slice of hub.slices.values()) {
    if (slice.link !== link) continue;
    sum += slice.rate;
    minors.push(slice.leaf === null ? innerMinor(slice.vifSlot) : classMinor(slice.vifSlot));
    for (const { part } of slice.parts) minors.push(classMinor(slice.vifSlot, part));
    expect(slice.rate).toBeLessThanOrEqual(slice.ceil);
    expect(slice.rate).toBeGreaterThanOrEqual(RATE_FLOOR);
    expect(slice.ceil).toBeLessThanOrEqual(queue.rate);
    expect(slice.burst % 64).toBe(0);
    expect((slice.burst * slice.rate) / 8e9).toBeGreaterThanOrEqual(1514);
    expect(slice.overhead).toBe(queue.overhead);
  }
  expectUnique("class minors", minors);
  for (const minor of minors) expect(minor).toBeLessThan(0xffff);
  expect(sum).toBeLessThanOrEqual(queue.rate);
}

function expectUnique(what: string, list: readonly unknown[]): void {
  expect(new Set(list).size, `${what} are unique`).toBe(list.length);
}
