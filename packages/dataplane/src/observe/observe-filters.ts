import type { FilterState } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { HubState, NicFilter, SpineFilter, VifFilter } from "@gona/planner";
import { FILTER_PREFERENCE, FROM_GUEST, FROM_SPINE, FROM_WIRE, slotOf } from "../hub-filters.ts";
import { type HubView, hasClsact } from "./hub-view.ts";
import type { ObservedSpines } from "./observe-spines.ts";

/**
 * Our programs at tc ingress. Stale where another build's code or maps run, the class id names no
 * slot, or the spine is to be made anew.
 */
export function observeFilters(
  view: HubView,
  { ofEnd, broken }: ObservedSpines,
): Pick<HubState, "nicFilters" | "spineFilters" | "vifFilters"> {
  const nicFilters = new Map<NicId, NicFilter>();
  const spineFilters = new Map<string, SpineFilter>();
  const vifFilters = new Map<string, VifFilter>();
  for (const { name } of view.links) {
    if (!hasClsact(view, name)) continue;
    for (const filter of view.kernel.filters(name)) {
      if (filter.preference !== FILTER_PREFERENCE) continue;
      const slot = Math.max(0, slotOf(filter.classid));
      const stale = isStale(view, filter) ? { stale: true as const } : {};
      if (filter.program === FROM_WIRE) nicFilters.set(name as NicId, { nicSlot: slot, ...stale });
      else if (filter.program === FROM_SPINE) {
        const spine = ofEnd(name);
        const lost = spine === undefined || broken.has(name);
        spineFilters.set(name, { spine: spine ?? "cap", ...(lost ? { stale: true as const } : stale) });
      } else if (filter.program === FROM_GUEST) vifFilters.set(name, { vifSlot: slot, ...stale });
    }
  }
  return { nicFilters, spineFilters, vifFilters };
}

const isStale = ({ kernel }: HubView, { program, programId, classid }: FilterState): boolean =>
  classid === 0 || !kernel.program(program).isAlike(programId);
