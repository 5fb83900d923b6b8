import type { NicId, VifId } from "@gona/model";
import { equalData } from "./equal-data.ts";
import {
  EMPTY_HUB,
  type Facet,
  type FacetKey,
  type FacetValue,
  type HubState,
  type Segment,
  type SegmentKey,
  segmentKey,
} from "./hub-state.ts";
import type { NicPlan } from "./nic-plan.ts";
import type { HostSpines, SpinePlan } from "./spine-plan.ts";
import type { VifPlan } from "./vif-plan.ts";

export interface Plans {
  readonly nics: ReadonlyMap<NicId, NicPlan>;
  /** Of the host; those of NICs stand in their plans. */
  readonly spines: HostSpines;
  readonly vifs: ReadonlyMap<VifId, VifPlan>;
}

export type FacetsOfPlans = Omit<HubState, "bypasses">;

/** The facets, made from the plans alone. */
export function allFacets({ nics, spines, vifs }: Plans): FacetsOfPlans {
  const change = new FacetChange(EMPTY_HUB);
  for (const nic of nics.values()) change.setNic(nic);
  for (const spine of spines.values()) change.setSpine(spine);
  for (const vif of vifs.values()) change.setVif(vif);
  return { ...change.facets(), segments: segments(vifs) };
}

/** The same by changing what the last call made; a facet without a change is the same reference. */
export function changedFacets(before: HubState, old: Plans, now: Plans): FacetsOfPlans {
  const change = new FacetChange(before);
  for (const [id, vif] of old.vifs) if (!now.vifs.has(id)) change.removeVif(vif);
  let sameSegments = old.vifs.size === now.vifs.size;
  const changed: VifPlan[] = [];
  for (const [id, vif] of now.vifs) {
    const was = old.vifs.get(id);
    if (was === vif) continue;
    if (was !== undefined) change.removeLeftOver(was, vif);
    changed.push(vif);
    sameSegments &&= was !== undefined && isInSameSegments(was, vif);
  }
  if (old.nics !== now.nics) {
    for (const [name, nic] of old.nics) if (now.nics.get(name) !== nic) change.removeNic(nic, now.nics.get(name));
    for (const nic of now.nics.values()) change.setNic(nic);
  }
  if (old.spines !== now.spines) {
    for (const [id, spine] of old.spines) if (!now.spines.has(id)) change.removeSpine(spine);
    for (const spine of now.spines.values()) change.setSpine(spine);
  }
  // After all removals: a MAC, address or device may have gone from one vif to another.
  for (const vif of changed) change.setVif(vif);
  return { ...change.facets(), segments: sameSegments ? before.segments : segments(now.vifs, before.segments) };
}

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

/** All facets but the segments, which many vifs make together, and the bypasses, which are planned as a whole. */
type OwnFacet = Exclude<Facet, "segments" | "bypasses">;
type OwnFacets = { readonly [F in OwnFacet]: CopyOnWrite<FacetKey<F>, FacetValue<F>> };

class FacetChange {
  readonly #of: OwnFacets;

  constructor(before: HubState) {
    this.#of = {
      vifLinks: new CopyOnWrite(before.vifLinks),
      spines: new CopyOnWrite(before.spines),
      trunks: new CopyOnWrite(before.trunks),
      nics: new CopyOnWrite(before.nics),
      trees: new CopyOnWrite(before.trees),
      slices: new CopyOnWrite(before.slices),
      trafficRules: new CopyOnWrite(before.trafficRules),
      vifs: new CopyOnWrite(before.vifs),
      stations: new CopyOnWrite(before.stations),
      addresses: new CopyOnWrite(before.addresses),
      domainFilters: new CopyOnWrite(before.domainFilters),
      nicFilters: new CopyOnWrite(before.nicFilters),
      spineFilters: new CopyOnWrite(before.spineFilters),
      vifFilters: new CopyOnWrite(before.vifFilters),
    };
  }

  setNic({ name, entry, queue, link, filter, domainFilter, trunk, ingress }: NicPlan): void {
    this.#of.nics.set(name, entry);
    this.#of.trees.set(link, queue);
    if (filter !== undefined) this.#of.nicFilters.set(name, filter);
    if (domainFilter !== undefined) this.#of.domainFilters.set(name, domainFilter);
    if (trunk !== undefined) this.#of.trunks.set(name, trunk);
    if (ingress?.spine !== undefined) this.setSpine(ingress.spine);
    else if (ingress !== undefined) this.#of.trees.set(ingress.link, ingress.tree);
  }

  /** Deletes what `was` had beyond `nic`. */
  removeNic(was: NicPlan, nic: NicPlan | undefined): void {
    if (was.ingress?.spine !== undefined && nic?.ingress?.spine === undefined) this.removeSpine(was.ingress.spine);
    if (was.ingress !== undefined && was.ingress.link !== nic?.ingress?.link) this.#of.trees.delete(was.ingress.link);
    if (was.link !== nic?.link) this.#of.trees.delete(was.link);
    if (nic?.filter === undefined) this.#of.nicFilters.delete(was.name);
    if (nic?.domainFilter === undefined) this.#of.domainFilters.delete(was.name);
    if (nic?.trunk === undefined) this.#of.trunks.delete(was.name);
    if (nic === undefined) this.#of.nics.delete(was.name);
  }

  setSpine({ id, spine, tree, filter }: SpinePlan): void {
    this.#of.spines.set(id, spine);
    this.#of.trees.set(spine.device, tree);
    this.#of.spineFilters.set(spine.peer, filter);
  }

  removeSpine({ id, spine }: SpinePlan): void {
    this.#of.spines.delete(id);
    this.#of.trees.delete(spine.device);
    this.#of.spineFilters.delete(spine.peer);
  }

  setVif(vif: VifPlan): void {
    if (vif.link !== undefined) this.#of.vifLinks.set(vif.spec.id, vif.link);
    if (vif.rules !== undefined) this.#of.trafficRules.set(vif.spec.id, vif.rules);
    this.#of.vifs.set(vif.spec.id, vif.entry);
    const { device, slot, macvtap } = vif.entry;
    this.#of.vifFilters.set(device, { vifSlot: slot, ...(macvtap && { macvtap }) });
    for (const [link, tree] of vif.trees) this.#of.trees.set(link, tree);
    for (const [key, queue] of vif.queues) this.#of.slices.set(key, queue);
    for (const [key, station] of vif.stations) this.#of.stations.set(key, station);
    for (const [key, address] of vif.addresses) this.#of.addresses.set(key, address);
  }

  removeVif(vif: VifPlan): void {
    this.#of.vifLinks.delete(vif.spec.id);
    this.#of.trafficRules.delete(vif.spec.id);
    this.#of.vifs.delete(vif.spec.id);
    this.#of.vifFilters.delete(vif.entry.device);
    for (const [link] of vif.trees) this.#of.trees.delete(link);
    for (const [key] of vif.queues) this.#of.slices.delete(key);
    for (const [key] of vif.stations) this.#of.stations.delete(key);
    for (const [key] of vif.addresses) this.#of.addresses.delete(key);
  }

  /** Deletes what `was` had beyond `vif`. */
  removeLeftOver(was: VifPlan, vif: VifPlan): void {
    if (vif.link === undefined) this.#of.vifLinks.delete(was.spec.id);
    if (vif.rules === undefined) this.#of.trafficRules.delete(was.spec.id);
    if (was.entry.device !== vif.entry.device) this.#of.vifFilters.delete(was.entry.device);
    deleteLeftOver(this.#of.trees, was.trees, vif.trees);
    deleteLeftOver(this.#of.slices, was.queues, vif.queues);
    deleteLeftOver(this.#of.stations, was.stations, vif.stations);
    deleteLeftOver(this.#of.addresses, was.addresses, vif.addresses);
  }

  facets(): Pick<HubState, OwnFacet> {
    const of = this.#of;
    return {
      vifLinks: of.vifLinks.map,
      spines: of.spines.map,
      trunks: of.trunks.map,
      nics: of.nics.map,
      trees: of.trees.map,
      slices: of.slices.map,
      trafficRules: of.trafficRules.map,
      vifs: of.vifs.map,
      stations: of.stations.map,
      addresses: of.addresses.map,
      domainFilters: of.domainFilters.map,
      nicFilters: of.nicFilters.map,
      spineFilters: of.spineFilters.map,
      vifFilters: of.vifFilters.map,
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
