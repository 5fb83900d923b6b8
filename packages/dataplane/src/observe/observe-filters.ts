import type { FilterState } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { HubState, NicFilter, SpineFilter, VifFilter } from "@gona/planner";
import { FILTER_PREFERENCE, FROM_GUEST, FROM_MACVTAP, FROM_SPINE, FROM_WIRE, slotOf } from "../hub-filters.ts";
import { macvtapPlace } from "../macvtap-place.ts";
import { DomainFilterView } from "./domain-filter-view.ts";
import { type HubView, hasClsact } from "./hub-view.ts";
import type { ObservedSpines } from "./observe-spines.ts";
import type { ObservedTrunks } from "./observe-trunks.ts";

/**
 * Our programs at tc ingress. Stale where another build's code or maps run, the class id names no
 * slot, or the spine is to be made anew.
 */
export function observeFilters(
  view: HubView,
  { ofEnd, broken }: ObservedSpines,
  trunks: ObservedTrunks,
): Pick<HubState, "nicFilters" | "domainFilters" | "spineFilters" | "vifFilters"> {
  const nicFilters = new Map<NicId, NicFilter>();
  const beside = new DomainFilterView(trunks);
  const spineFilters = new Map<string, SpineFilter>();
  const vifFilters = new Map<string, VifFilter>();
  for (const link of view.links) {
    const { name, kind, up } = link;
    if (!hasClsact(view, name)) continue;
    // Of a link that GONA makes for one guest alone: nothing else of ours has a filter there.
    if (kind === "macvtap") {
      for (const filter of view.kernel.filters(name, "egress")) {
        if (filter.program !== FROM_MACVTAP) continue;
        const whole = up && !isStale(view, filter);
        const stale = whole ? {} : { stale: true as const };
        vifFilters.set(name, { vifSlot: Math.max(0, slotOf(filter.classid)), macvtap: macvtapPlace(link), ...stale });
      }
    }
    for (const filter of view.kernel.filters(name)) {
      if (filter.preference !== FILTER_PREFERENCE) continue;
      const slot = Math.max(0, slotOf(filter.classid));
      const stale = isStale(view, filter) ? { stale: true as const } : {};
      const found = { nicSlot: slot, ...stale };
      if (beside.take(name, filter.program, found)) continue;
      const nic = beside.nicOfTap(name);
      if (filter.program === FROM_WIRE)
        nicFilters.set(nic ?? (name as NicId), { ...found, ...(nic && { link: name }) });
      else if (filter.program === FROM_SPINE) {
        const spine = ofEnd(name);
        const lost = spine === undefined || broken.has(name);
        spineFilters.set(name, { spine: spine ?? "cap", ...(lost ? { stale: true as const } : stale) });
      } else if (filter.program === FROM_GUEST) vifFilters.set(name, { vifSlot: slot, ...stale });
    }
  }
  return { nicFilters, domainFilters: beside.filters(), spineFilters, vifFilters };
}

const isStale = ({ kernel }: HubView, { program, programId, classid }: FilterState): boolean =>
  classid === 0 || !kernel.program(program).isAlike(programId);
