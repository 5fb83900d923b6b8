import type { NicId, VifId } from "@gona/model";
import { equalData } from "./equal-data.ts";
import {
  type AddressEntry,
  type AddressKey,
  EMPTY_HUB,
  type HubState,
  type Segment,
  type SegmentKey,
  type SliceKey,
  type SliceQueue,
  type Station,
  type StationKey,
  segmentKey,
  type VifEntry,
  type VifFilter,
  type VifLink,
} from "./hub-state.ts";
import type { NicPlan } from "./nic-plan.ts";
import type { VifPlan } from "./vif-plan.ts";

export interface Plans {
  readonly nics: ReadonlyMap<NicId, NicPlan>;
  readonly vifs: ReadonlyMap<VifId, VifPlan>;
}

/** The facets, made from the plans of NICs and vifs alone. */
export function allFacets({ nics, vifs }: Plans): HubState {
  const change = new FacetChange({
    vifLinks: new Map(),
    slices: new Map(),
    vifs: new Map(),
    stations: new Map(),
    addresses: new Map(),
    vifFilters: new Map(),
  });
  for (const vif of vifs.values()) change.set(vif);
  return { ...EMPTY_HUB, ...nicFacets(nics), ...change.facets(), segments: segments(vifs) };
}

/** The same by changing what the last call made; a facet without a change is the same reference. */
export function changedFacets(before: HubState, old: Plans, now: Plans): HubState {
  const change = new FacetChange(before);
  for (const [id, vif] of old.vifs) if (!now.vifs.has(id)) change.remove(vif);
  let sameSegments = old.vifs.size === now.vifs.size;
  const changed: VifPlan[] = [];
  for (const [id, vif] of now.vifs) {
    const was = old.vifs.get(id);
    if (was === vif) continue;
    if (was !== undefined) change.removeLeftOver(was, vif);
    changed.push(vif);
    sameSegments &&= was !== undefined && isInSameSegments(was, vif);
  }
  // After all removals: a MAC, address or device may have gone from one vif to another.
  for (const vif of changed) change.set(vif);
  return {
    ...EMPTY_HUB,
    ...(old.nics === now.nics ? onlyNicFacets(before) : nicFacets(now.nics)),
    ...change.facets(),
    segments: sameSegments ? before.segments : segments(now.vifs, before.segments),
  };
}

type NicFacets = Pick<HubState, "nics" | "trees" | "nicFilters">;
const onlyNicFacets = ({ nics, trees, nicFilters }: HubState): NicFacets => ({ nics, trees, nicFilters });

function nicFacets(nics: Plans["nics"]): NicFacets {
  const list = [...nics.values()];
  return {
    nics: new Map(list.map((nic) => [nic.name, nic.entry])),
    trees: new Map(list.map((nic) => [nic.name, nic.queue])),
    nicFilters: new Map(list.map((nic) => [nic.name, nic.filter])),
  };
}

type VifFacets = Pick<HubState, "vifLinks" | "slices" | "vifs" | "stations" | "addresses" | "vifFilters">;

/** A facet that is copied when it first changes. */
class CopyOnWrite<K, V> {
  map: ReadonlyMap<K, V>;
  #copy: Map<K, V> | undefined;

  constructor(map: ReadonlyMap<K, V>) {
    this.map = map;
  }

  #writable(): Map<K, V> {
    this.#copy ??= new Map(this.map);
    this.map = this.#copy;
    return this.#copy;
  }

  set(key: K, value: V): void {
    const before = this.map.get(key);
    if (before === value || equalData(before, value)) return;
    this.#writable().set(key, value);
  }

  delete(key: K): void {
    if (this.map.has(key)) this.#writable().delete(key);
  }
}

class FacetChange {
  readonly #links: CopyOnWrite<VifId, VifLink>;
  readonly #slices: CopyOnWrite<SliceKey, SliceQueue>;
  readonly #vifs: CopyOnWrite<VifId, VifEntry>;
  readonly #stations: CopyOnWrite<StationKey, Station>;
  readonly #addresses: CopyOnWrite<AddressKey, AddressEntry>;
  readonly #filters: CopyOnWrite<string, VifFilter>;

  constructor(before: VifFacets) {
    this.#links = new CopyOnWrite(before.vifLinks);
    this.#slices = new CopyOnWrite(before.slices);
    this.#vifs = new CopyOnWrite(before.vifs);
    this.#stations = new CopyOnWrite(before.stations);
    this.#addresses = new CopyOnWrite(before.addresses);
    this.#filters = new CopyOnWrite(before.vifFilters);
  }

  remove(vif: VifPlan): void {
    this.#links.delete(vif.spec.id);
    this.#vifs.delete(vif.spec.id);
    this.#filters.delete(vif.entry.device);
    for (const [key] of vif.queues) this.#slices.delete(key);
    for (const [key] of vif.stations) this.#stations.delete(key);
    for (const [key] of vif.addresses) this.#addresses.delete(key);
  }

  set(vif: VifPlan): void {
    if (vif.link !== undefined) this.#links.set(vif.spec.id, vif.link);
    this.#vifs.set(vif.spec.id, vif.entry);
    this.#filters.set(vif.entry.device, { vifSlot: vif.entry.slot });
    for (const [key, queue] of vif.queues) this.#slices.set(key, queue);
    for (const [key, station] of vif.stations) this.#stations.set(key, station);
    for (const [key, address] of vif.addresses) this.#addresses.set(key, address);
  }

  /** Deletes what `was` had beyond `vif`. */
  removeLeftOver(was: VifPlan, vif: VifPlan): void {
    if (vif.link === undefined) this.#links.delete(was.spec.id);
    if (was.entry.device !== vif.entry.device) this.#filters.delete(was.entry.device);
    deleteLeftOver(this.#slices, was.queues, vif.queues);
    deleteLeftOver(this.#stations, was.stations, vif.stations);
    deleteLeftOver(this.#addresses, was.addresses, vif.addresses);
  }

  facets(): VifFacets {
    return {
      vifLinks: this.#links.map,
      slices: this.#slices.map,
      vifs: this.#vifs.map,
      stations: this.#stations.map,
      addresses: this.#addresses.map,
      vifFilters: this.#filters.map,
    };
  }
}

type Entries<K> = readonly (readonly [K, unknown])[];

function deleteLeftOver<K>(facet: { delete(key: K): void }, was: Entries<K>, now: Entries<K>): void {
  const keys = new Set(now.map(([key]) => key));
  for (const [key] of was) if (!keys.has(key)) facet.delete(key);
}

/** The VLANs in which a vif gets broadcasts: those of its own MAC's stations. */
function vlansOf(vif: VifPlan): readonly number[] {
  return vif.stations.flatMap(([, station]) => (station.slice === "own" ? [station.vlan] : []));
}

const isInSameSegments = (a: VifPlan, b: VifPlan): boolean =>
  a.entry.slot === b.entry.slot && a.entry.fabric === b.entry.fabric && equalData(vlansOf(a), vlansOf(b));

function segments(vifs: Plans["vifs"], before?: HubState["segments"]): HubState["segments"] {
  const members = new Map<SegmentKey, { fabric: number; vlan: number; vifSlots: number[] }>();
  for (const vif of vifs.values()) {
    for (const vlan of vlansOf(vif)) {
      const where = { fabric: vif.entry.fabric, vlan };
      const segment = members.get(segmentKey(where));
      if (segment === undefined) members.set(segmentKey(where), { ...where, vifSlots: [vif.entry.slot] });
      else segment.vifSlots.push(vif.entry.slot);
    }
  }
  const result = new Map<SegmentKey, Segment>();
  for (const [key, segment] of members) {
    segment.vifSlots.sort((a, b) => a - b);
    const was = before?.get(key);
    result.set(key, was !== undefined && equalData(was, segment) ? was : segment);
  }
  return result;
}
