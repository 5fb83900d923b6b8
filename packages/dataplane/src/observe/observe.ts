import type { Kernel } from "@gona/kernel";
import type { VifId } from "@gona/model";
import { addressKey, type HubState, segmentKey, stationKey, type TrafficRules } from "@gona/planner";
import { decodeAddress, decodeSegment, decodeStation, type MapEntry } from "../map-keys.ts";
import { decodeTrafficRules } from "../traffic-rules-record.ts";
import { viewHub } from "./hub-view.ts";
import { observeBypasses } from "./observe-bypasses.ts";
import { observeFilters } from "./observe-filters.ts";
import { observeVifLinks } from "./observe-links.ts";
import { observeNics } from "./observe-nics.ts";
import { observeQueues } from "./observe-queues.ts";
import { observeSpines } from "./observe-spines.ts";
import { observeTrunks } from "./observe-trunks.ts";
import { observeVifs } from "./observe-vifs.ts";

/**
 * All that GONA owns in the kernel, the inverse of the executors: plan(observe(), desired) is empty
 * once a plan was carried out. What is broken, half made or of another build is marked stale, and
 * what belongs to nothing stands under a name that no spec can have: plan() mends or clears both.
 * The maps must be there. Throws KernelError.
 */
export function observe(kernel: Kernel): HubState {
  const view = viewHub(kernel);
  const spines = observeSpines(view);
  const trunks = observeTrunks(view);
  const { nics, nameOf } = observeNics(view, spines.inIfindex, trunks.of);
  const vifs = observeVifs(view, nameOf);
  return {
    vifLinks: observeVifLinks(view),
    bypasses: observeBypasses(view),
    spines: spines.spines,
    trunks: trunks.trunks,
    nics,
    ...observeQueues(view, new Set([...spines.broken, ...trunks.broken])),
    trafficRules: trafficRules(kernel, vifs),
    vifs,
    stations: table(kernel, "gona_stations", decodeStation, stationKey),
    addresses: table(kernel, "gona_addresses", decodeAddress, addressKey),
    segments: table(kernel, "gona_segments", decodeSegment, segmentKey),
    ...observeFilters(view, spines, trunks),
  };
}

/** Rules of a slot without a vif stand under a name that no vif has, so that plan() takes them away. */
function trafficRules(kernel: Kernel, vifs: HubState["vifs"]): ReadonlyMap<VifId, TrafficRules> {
  const names = new Map(Array.from(vifs, ([id, { slot }]) => [slot, id]));
  const nameOf = ({ vifSlot }: TrafficRules): VifId => names.get(vifSlot) ?? (`slot ${vifSlot}` as VifId);
  return table(kernel, "gona_traffic_rules", decodeTrafficRules, nameOf);
}

function table<K, V>(kernel: Kernel, map: string, decode: (entry: MapEntry) => V, keyOf: (value: V) => K): Map<K, V> {
  const entries = new Map<K, V>();
  for (const entry of kernel.map(map).entries()) {
    const value = decode(entry);
    entries.set(keyOf(value), value);
  }
  return entries;
}
