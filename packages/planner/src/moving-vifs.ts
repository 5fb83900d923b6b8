import type { NicId, VifId } from "@gona/model";
import type { Station, VifEntry } from "./hub-state.ts";
import type { Step } from "./step.ts";

/** How a vif that is known outside came by other NICs. */
export interface VifMove {
  /** Another slice is the first: the vif's own MAC lives behind that one's NIC now. */
  readonly rehomed: boolean;
  /** A slice is gone, and peers may hold its MAC. */
  readonly bereft: boolean;
  /** A slice came while an earlier move was going on; its MAC may have been elsewhere a moment ago. */
  readonly restored: boolean;
}

/** Undefined where no MAC of the vif's is anywhere else than before; a vif that is new or was broken is known to nobody. */
export function vifMove(before: VifEntry | undefined, now: VifEntry): VifMove | undefined {
  if (before === undefined || before.stale) return undefined;
  const [old, nics] = [nicsOf(before), nicsOf(now)];
  const move = {
    rehomed: old[0] !== nics[0],
    bereft: old.some((nic) => !nics.includes(nic)),
    restored: before.moving === true && nics.some((nic) => !old.includes(nic)),
  };
  return move.rehomed || move.bereft || move.restored ? move : undefined;
}

/**
 * The vifs that some steps take away from a NIC, or whose home NIC they change, with the stations of
 * theirs that the steps clear: for Inventory.moving. What is under way to MACs that peers hold, or to
 * the NIC behind which switches saw them, is to arrive all the same.
 */
export function movingVifs(steps: readonly Step[]): ReadonlyMap<VifId, readonly Station[]> {
  const bySlot = new Map<number, { readonly vif: VifId; readonly fabric: number }>();
  for (const step of steps) {
    if (step.facet !== "vifs" || step.kind !== "set") continue;
    const { before, value, key } = step;
    const isSame = before?.slot === value.slot && before.fabric === value.fabric;
    if (isSame && nicsOf(value).length > 0 && vifMove(before, value)) {
      bySlot.set(value.slot, { vif: key, fabric: value.fabric });
    }
  }
  const moving = new Map<VifId, Station[]>(Array.from(bySlot.values(), ({ vif }) => [vif, []]));
  if (moving.size === 0) return moving;
  for (const step of steps) {
    if (step.facet !== "stations" || step.kind !== "clear" || step.before.slice === "own") continue;
    const found = bySlot.get(step.before.vifSlot);
    if (found?.fabric === step.before.fabric) moving.get(found.vif)?.push(step.before);
  }
  return moving;
}

const nicsOf = ({ slices }: VifEntry): readonly NicId[] => slices.flatMap((slice) => (slice ? [slice.nic] : []));
