import type { HostSpec, VifId, VifSpec } from "@gona/model";
import type { HubState, VifEntry } from "@gona/planner";

/** A vif whose flows are moved between its slices. */
export interface BalancedVif {
  readonly id: VifId;
  readonly spec: VifSpec;
  readonly entry: VifEntry;
}

/** Those that a spec asks for and that are there. */
export function balancedVifs(spec: HostSpec, hub: HubState): readonly BalancedVif[] {
  const vifs: BalancedVif[] = [];
  for (const guest of spec.guests) {
    for (const vif of guest.vifs) {
      const entry = hub.vifs.get(vif.id);
      if (entry?.choice !== undefined) vifs.push({ id: vif.id, spec: vif, entry });
    }
  }
  return vifs;
}
