import type { NicId, VifSpec } from "@gona/model";
import { LANED_SLOTS } from "./class-minors.ts";
import type { VifEntry } from "./hub-state.ts";
import type { NicPlan } from "./nic-plan.ts";

/** Seven classes more for each of them; as with pacers (pace.ts), many cost time to set up. */
const LANED_VIFS = 64;

/** Whether new vifs with a latency goal are to have lanes on a NIC. */
export function areLaned(vifs: readonly VifSpec[], nic: NicId): boolean {
  let goals = 0;
  for (const { aggregate } of vifs) {
    if (aggregate.latency !== undefined && aggregate.slices.some((slice) => slice.nic === nic)) goals++;
  }
  return goals <= LANED_VIFS;
}

export interface LanesInput {
  /** Latency goal of what no class claims is kept by the BPF programs. */
  readonly hasGoal: boolean;
  readonly slot: number;
  readonly nics: readonly (NicPlan | undefined)[];
  readonly before: VifEntry | undefined;
}

/** Whether the slices of a vif have lanes. One that has a goal keeps what it has: lanes are no reason to change a running guest. */
export function hasLanes({ hasGoal, slot, nics, before }: LanesInput): boolean {
  if (!hasGoal || slot >= LANED_SLOTS || nics.some((nic) => nic?.offload)) return false;
  if (before !== undefined && !before.stale && before.slot === slot && before.latency !== undefined)
    return before.lanes === true;
  return nics.every((nic) => nic === undefined || nic.laned);
}
