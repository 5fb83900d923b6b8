import { OWN_LINK_PREFIX, type VifId } from "@gona/model";
import type { VifLink } from "@gona/planner";
import { fromAlias } from "../vif-link-alias.ts";
import type { HubView } from "./hub-view.ts";

/**
 * The veth pairs that GONA made. One without a readable label, or the second of one vif, is what a
 * crash left: it stands under its device's name, which no vif has, so that plan() takes it away.
 */
export function observeVifLinks(view: HubView): ReadonlyMap<VifId, VifLink> {
  const links = new Map<VifId, VifLink>();
  for (const { name: device, kind, alias } of view.links) {
    if (kind !== "veth" || !device.startsWith(OWN_LINK_PREFIX)) continue;
    const own = fromAlias(device, alias ?? "");
    if (own !== undefined && !links.has(own.vif)) links.set(own.vif, own.link);
    else links.set(device as VifId, { device, netns: "", name: "", mac: "", stale: true });
  }
  return links;
}
