import type { Facet, FacetValue } from "@gona/planner";
import { encodeAddress, encodeSegment, encodeStation, type MapEntry } from "../map-keys.ts";
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
