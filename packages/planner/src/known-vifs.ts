import type { HostSpec, VifId, VifSpec } from "@gona/model";
import { equalVifSpec } from "./equal-vif-spec.ts";
import type { VifPlan } from "./vif-plan.ts";

/**
 * The vifs of a spec in its order. One that is like the last call's is given as the last call's: what
 * follows can compare by reference, and looks up names whose hashes are known (a spec that was read
 * anew is all new strings). The same list where nothing changed.
 */
export function knownVifs(
  spec: HostSpec,
  before?: readonly VifSpec[],
  plans?: ReadonlyMap<VifId, VifPlan>,
): readonly VifSpec[] {
  const vifs: VifSpec[] = [];
  let same = before !== undefined;
  for (const guest of spec.guests) {
    for (const vif of guest.vifs) {
      const inPlace = before?.[vifs.length];
      const known = inPlace?.id === vif.id ? inPlace : plans?.get(vif.id)?.spec;
      const one = known !== undefined && equalVifSpec(known, vif) ? known : vif;
      same &&= one === inPlace;
      vifs.push(one);
    }
  }
  return same && before !== undefined && before.length === vifs.length ? before : vifs;
}
