import type { Facet, FacetValue } from "@gona/planner";
import { encodeAddress, encodeSegment, encodeStation, indexKey, type MapEntry } from "../map-keys.ts";
import { encodeTrafficRules } from "../traffic-rules-record.ts";
import type { Executor } from "./executors.ts";

/** A facet whose entries are those of one hash map. */
function tableExecutor<F extends Facet>(map: string, encode: (value: FacetValue<F>) => MapEntry): Executor<F> {
  return {
    set({ value: entry }, batch) {
      const [key, value] = encode(entry);
      batch.push({ op: "mapPut", map, key, value });
    },
    clear({ before }, batch) {
      const [key] = encode(before);
      batch.push({ op: "mapDelete", map, key });
    },
  };
}

export const stationExecutor = tableExecutor<"stations">("gona_stations", encodeStation);
export const addressExecutor = tableExecutor<"addresses">("gona_addresses", encodeAddress);
export const segmentExecutor = tableExecutor<"segments">("gona_segments", encodeSegment);

/** Rules of a slot that nobody had a name for yet may be those that this run of steps has just set. */
export const trafficRuleExecutor: Executor<"trafficRules"> = {
  set({ value: rules }, batch) {
    const [key, value] = encodeTrafficRules(rules);
    batch.ruledSlots.add(rules.vifSlot);
    batch.push({ op: "mapPut", map: "gona_traffic_rules", key, value });
  },
  clear({ before: { vifSlot } }, batch) {
    if (batch.ruledSlots.has(vifSlot)) return;
    batch.push({ op: "mapDelete", map: "gona_traffic_rules", key: indexKey(vifSlot) });
  },
};
