import type { Kernel } from "@gona/kernel";
import { addressKey, type HubState, segmentKey, stationKey } from "@gona/planner";
import { decodeAddress, decodeSegment, decodeStation, type MapEntry } from "../map-keys.ts";
import { viewHub } from "./hub-view.ts";
import { observeFilters } from "./observe-filters.ts";
import { observeVifLinks } from "./observe-links.ts";
import { observeNics } from "./observe-nics.ts";
import { observeQueues } from "./observe-queues.ts";
import { observeVifs } from "./observe-vifs.ts";

/**
 * All that GONA owns in the kernel, the inverse of the executors: plan(observe(), desired) is empty
 * once a plan was carried out. What is broken, half made or of another build is marked stale, and
 * what belongs to nothing stands under a name that no spec can have: plan() mends or clears both.
 * The maps must be there. Throws KernelError.
 */
export function observe(kernel: Kernel): HubState {
  const view = viewHub(kernel);
  const { nics, nameOf } = observeNics(view);
  return {
    vifLinks: observeVifLinks(view),
    spines: new Map(),
    spineFilters: new Map(),
    trafficRules: new Map(),
    nics,
    ...observeQueues(view),
    vifs: observeVifs(view, nameOf),
    stations: table(kernel, "gona_stations", decodeStation, stationKey),
    addresses: table(kernel, "gona_addresses", decodeAddress, addressKey),
    segments: table(kernel, "gona_segments", decodeSegment, segmentKey),
    ...observeFilters(view),
  };
}

function table<K, V>(kernel: Kernel, map: string, decode: (entry: MapEntry) => V, keyOf: (value: V) => K): Map<K, V> {
  const entries = new Map<K, V>();
  for (const entry of kernel.map(map).entries()) {
    const value = decode(entry);
    entries.set(keyOf(value), value);
  }
  return entries;
}
