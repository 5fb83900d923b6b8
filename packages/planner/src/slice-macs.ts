import type { HostSpec, NicId, VifId, VifSpec } from "@gona/model";
import type { HubState } from "./hub-state.ts";
import { sliceMac } from "./slice-mac.ts";
import type { VifPlan } from "./vif-plan.ts";

/** Gives out per-slice MACs that nothing else on the host has. */
export interface SliceMacs {
  macFor(vif: VifSpec, nic: NicId): string;
}

/**
 * The MACs of the vifs that are planned anew. Guests' own MACs come first, then those of the vifs
 * that stay (`kept`), then what `changed` vifs show now, and what is new takes the first derived
 * MAC that is left. Unique over all fabrics, which is more than needed and simpler.
 */
export function sliceMacs(
  spec: HostSpec,
  observed: HubState,
  kept: Iterable<VifPlan>,
  changed: readonly VifSpec[],
): SliceMacs {
  const owners = new Map<string, VifId>();
  const own = "" as VifId;
  for (const guest of spec.guests) for (const vif of guest.vifs) owners.set(vif.mac, own);
  for (const vif of kept) for (const slice of vif.entry.slices) if (slice) claim(owners, slice.mac, vif.spec.id);
  const shown = new Map<string, string>();
  const keyOf = (vif: VifSpec, nic: NicId): string => `${vif.id} ${nic}`;
  for (const vif of changed) {
    const before = observed.vifs.get(vif.id);
    if (before === undefined || before.mac !== vif.mac || !before.rewriteMac) continue;
    for (const slice of before.slices) {
      if (slice !== null && claim(owners, slice.mac, vif.id)) shown.set(keyOf(vif, slice.nic), slice.mac);
    }
  }
  return {
    macFor(vif, nic) {
      const before = shown.get(keyOf(vif, nic));
      if (before !== undefined) return before;
      for (let attempt = 0; ; attempt++) {
        const mac = sliceMac(vif.mac, nic, attempt);
        if (claim(owners, mac, vif.id)) return mac;
      }
    },
  };
}

/** Whether a vif that stays shows a MAC that one of the `arrived` guests brings as its own. */
export function showsOneOf(vif: VifPlan, arrived: ReadonlySet<string>): boolean {
  if (arrived.size === 0 || !vif.entry.rewriteMac) return false;
  return vif.entry.slices.some((slice) => slice !== null && arrived.has(slice.mac));
}

function claim(owners: Map<string, VifId>, mac: string, vif: VifId): boolean {
  if (owners.has(mac)) return false;
  owners.set(mac, vif);
  return true;
}
