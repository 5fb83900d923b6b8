import type { VifId } from "@gona/model";
import { expect } from "vitest";
import { RATE_FLOOR } from "../src/htb-shape.ts";
import {
  type HubState,
  LANES,
  REST_PART,
  type SliceQueue,
  SPARSE_PART,
  type SpineId,
  sliceKey,
  type VifEntry,
} from "../src/hub-state.ts";
import { egressLink, ingressLink } from "./nic-links.ts";
import { usedSlices } from "./used-slices.ts";

/** What every desired hub keeps of spines, caps, parts and traffic rules: what each needs, and nothing that nobody needs. */
export function expectSoundQueues(hub: HubState): void {
  expect(brokenPaths(hub)).toEqual([]);
  const vifs = [...hub.vifs.values()];
  const links = new Set<string>([
    ...[...hub.nics.keys()].map((nic) => egressLink(hub, nic)),
    ...[...hub.nics].flatMap(([, { shapeIn, trunk }]) => (shapeIn && trunk?.peer ? [trunk.peer] : [])),
    ...vifs.filter(({ queued }) => queued).map((vif) => vif.device),
  ]);
  for (const [id, { device, peer }] of hub.spines) {
    links.add(device);
    expect(device.length).toBeLessThanOrEqual(15);
    expect(peer).not.toBe(device);
    if (id.startsWith("in ")) expect([...hub.nics].find(([nic]) => id === `in ${nic}`)?.[1].shapeIn).toBe(true);
  }
  expect([...hub.trees.keys()].sort()).toEqual([...links].sort());
  expect(hub.spineFilters.size).toBe(hub.spines.size);
  for (const [key, slice] of hub.slices) {
    expect(key).toBe(sliceKey(slice.link, slice.vifSlot));
    const vif = vifs.find(({ slot }) => slot === slice.vifSlot);
    expect(vif && linksOf(hub, vif)).toContain(slice.link);
    expectFittingParts(slice);
  }
  for (const [id, { vifSlot, parts }] of hub.trafficRules) {
    expect(hub.vifs.get(id)).toMatchObject({ slot: vifSlot, parts: true });
    expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index + 1));
  }
}

/** Parts together are assured what their slice is, and none may send more than it. */
function expectFittingParts(slice: SliceQueue): void {
  expect(slice.parts.length === 0).toBe(slice.leaf !== null);
  if (slice.leaf !== null) return;
  let sum = 0;
  const hasSparse = slice.parts.some(({ part }) => part === SPARSE_PART);
  for (const { part, rate, ceil, overhead, burst } of slice.parts) {
    sum += rate;
    // Bulk beside sparse flows borrows all that it gets.
    if (hasSparse && part >= REST_PART) expect(rate).toBe(8);
    else expect(rate).toBeGreaterThanOrEqual(Math.min(RATE_FLOOR, ceil));
    expect(rate).toBeLessThanOrEqual(ceil);
    expect(ceil).toBeLessThanOrEqual(slice.ceil);
    expect(overhead).toBe(slice.overhead);
    expect(burst % 64).toBe(0);
  }
  expect(sum).toBeLessThanOrEqual(slice.rate + slice.parts.length * RATE_FLOOR);
  // Rounding takes less than 8 bit/s of each; what limits leave over is nobody's.
  if (slice.parts.some(({ part, ceil }) => part === REST_PART && ceil === slice.ceil)) {
    expect(sum).toBeGreaterThan(slice.rate - 8 * slice.parts.length);
  }
}

/** Every tree that frames of a vif pass in a class of its own. */
function linksOf(hub: HubState, vif: VifEntry): readonly string[] {
  const spine = (id: SpineId): string => hub.spines.get(id)?.device ?? `no spine ${id}`;
  return [
    ...vif.slices.flatMap((slice) => {
      if (slice === null) return [];
      const out = egressLink(hub, slice.nic);
      return hub.nics.get(slice.nic)?.shapeIn && vif.macvtap === undefined
        ? [out, ingressLink(hub, slice.nic) ?? `no way in by ${slice.nic}`]
        : [out];
    }),
    ...(vif.capped ? [spine("cap")] : []),
    ...(vif.localCapped ? [spine("local")] : []),
  ];
}

/** Classes that a plan leaves out for a moment: their frames have the default class meanwhile. */
export interface Excused {
  /** Comes or goes at the same time as traffic classes do. */
  readonly changesParts: (key: string) => boolean;
  /** Not wanted: it gets no class where the NIC's incoming traffic is shaped from now on. */
  readonly leaves: (key: string) => boolean;
  /** The vif has another kind of device in the end: that of before goes, and its filter with it. */
  readonly changesDevice: (vif: VifId) => boolean;
}

/**
 * What holds at every moment, also in the middle of a plan: whatever a map says of a vif leads to a
 * class that is there, through a spine whose far end hands on. Returns what does not, in words.
 */
export function brokenPaths(hub: HubState, excused?: Excused): readonly string[] {
  const broken: string[] = [];
  for (const [id, vif] of hub.vifs) {
    for (const number of vif.slices.some((slice) => slice !== null) ? usedSlices(vif) : []) {
      const slice = vif.slices[number];
      if (!slice || hub.nics.get(slice.nic)?.slot !== slice.nicSlot) broken.push(`${id}: bucket to slice ${number}`);
    }
    for (const link of linksOf(hub, vif)) {
      if (!hub.trees.has(link)) broken.push(`${id}: no tree on ${link}`);
      const key = sliceKey(link, vif.slot);
      const slice = hub.slices.get(key);
      if (slice === undefined && /^g[qd]-/.test(link) && excused?.leaves(key)) continue;
      if (slice === undefined) broken.push(`${id}: no class on ${link}`);
      if (slice === undefined || excused?.changesParts(key)) continue;
      if (vif.parts ? slice.parts.length === 0 : slice.leaf === null) broken.push(`${id}: parts on ${link}`);
      for (const named of partsNamed(hub, id, vif)) {
        if (!slice.parts.some(({ part }) => part === named)) broken.push(`${id}: part ${named} on ${link}`);
      }
    }
    if (vif.queued && !hub.trees.has(vif.device)) broken.push(`${id}: no tree on its own link`);
  }
  // A macvtap is up while its filter stands; the frames of one whose vif has another path by now are dropped.
  for (const [device, { macvtap, vifSlot }] of hub.vifFilters) {
    const [id, vif] = [...hub.vifs].find(([, { slot }]) => slot === vifSlot) ?? [];
    if (macvtap === undefined || id === undefined || vif?.macvtap === undefined) continue;
    if (!hub.slices.has(sliceKey(macvtap.nic, vifSlot))) broken.push(`${device}: no class`);
    if (excused?.changesDevice(id)) continue;
    if (vif.device === device && hub.bypasses.get(id)?.kind !== "macvtap") broken.push(`${device}: no macvtap`);
  }
  for (const [nic, { shapeIn, trunk }] of hub.nics) {
    if (shapeIn && ingressLink(hub, nic) === undefined) broken.push(`${nic}: no spine`);
    if (trunk !== undefined && hub.trunks.get(nic)?.device !== trunk.device) broken.push(`${nic}: no trunk`);
  }
  return [...broken, ...deadEnds(hub)];
}

/** What waits in a spine's queue must find its way out. */
function deadEnds(hub: HubState): readonly string[] {
  const ends = new Map([...hub.spines].map(([id, { device, peer }]) => [device, { id, peer }]));
  return [...hub.trees.keys()].flatMap((link) => {
    const end = ends.get(link);
    if (!link.startsWith("gq-") || (end && hub.spineFilters.get(end.peer)?.spine === end.id)) return [];
    return [`${link}: a queue without a way out`];
  });
}

/** The parts that a frame of a vif may be told to go to. */
function partsNamed(hub: HubState, id: Parameters<HubState["vifs"]["get"]>[0], vif: VifEntry): readonly number[] {
  if (!vif.parts) return [];
  const rules = hub.trafficRules.get(id)?.rules ?? [];
  const lanes = Array.from({ length: vif.lanes ? LANES : 1 }, (_, lane) => REST_PART + lane);
  return [...lanes, ...(vif.latency === undefined ? [] : [SPARSE_PART]), ...rules.map(({ part }) => part)];
}
