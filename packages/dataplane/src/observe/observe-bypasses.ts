import type { VfState } from "@gona/kernel";
import type { NicId, VifId } from "@gona/model";
import type { BypassPath } from "@gona/planner";
import { vifOfMacvtapAlias } from "../bypass-alias.ts";
import { macvtapPlace } from "../macvtap-place.ts";
import { decodeVfOwner, fromVfState, missingVf } from "../vf-record.ts";
import type { HubView } from "./hub-view.ts";

/**
 * Macvtaps with our label, and virtual functions that gona_vfs knows, as their NICs hold them. The second of one vif
 * stands under a name that no vif has, so that plan() takes it away.
 */
export function observeBypasses(view: HubView): ReadonlyMap<VifId, BypassPath> {
  const bypasses = new Map<VifId, BypassPath>();
  const put = (vif: VifId, otherwise: string, path: BypassPath): void => {
    if (vif !== "" && !bypasses.has(vif)) bypasses.set(vif, path);
    else bypasses.set(otherwise as VifId, { ...path, stale: true });
  };
  for (const link of view.links) {
    const vif = link.kind === "macvtap" ? vifOfMacvtapAlias(link.alias) : undefined;
    if (vif !== undefined)
      put(vif, link.name, { kind: "macvtap", device: link.name, mac: link.mac, ...macvtapPlace(link) });
  }
  const known = new Map<NicId, readonly VfState[]>();
  for (const entry of view.kernel.map("gona_vfs").entries()) {
    const { nic, vf, vif } = decodeVfOwner(entry);
    if (!known.has(nic)) known.set(nic, view.linkByName.has(nic) ? view.kernel.vfs(nic) : []);
    const state = known.get(nic)?.find((one) => one.vf === vf);
    put(vif, `VF ${vf} of ${nic}`, state === undefined ? missingVf(nic, vf) : fromVfState(nic, state));
  }
  return bypasses;
}
