import type { FilterState } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { HubState, NicFilter, VifFilter } from "@gona/planner";
import { FILTER_PREFERENCE, FROM_GUEST, FROM_WIRE, slotOf } from "../hub-filters.ts";
import { type HubView, hasClsact } from "./hub-view.ts";

/** Our programs at tc ingress. Stale where another build's code or maps run, or the class id names no slot. */
export function observeFilters(view: HubView): Pick<HubState, "nicFilters" | "vifFilters"> {
  const nicFilters = new Map<NicId, NicFilter>();
  const vifFilters = new Map<string, VifFilter>();
  for (const { name } of view.links) {
    if (!hasClsact(view, name)) continue;
    for (const filter of view.kernel.filters(name)) {
      if (filter.preference !== FILTER_PREFERENCE) continue;
      const slot = Math.max(0, slotOf(filter.classid));
      const stale = isStale(view, filter) ? { stale: true as const } : {};
      if (filter.program === FROM_WIRE) nicFilters.set(name as NicId, { nicSlot: slot, ...stale });
      else if (filter.program === FROM_GUEST) vifFilters.set(name, { vifSlot: slot, ...stale });
    }
  }
  return { nicFilters, vifFilters };
}

const isStale = ({ kernel }: HubView, { program, programId, classid }: FilterState): boolean =>
  classid === 0 || !kernel.program(program).isAlike(programId);
