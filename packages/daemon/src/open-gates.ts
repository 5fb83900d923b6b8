import type { HostSpec, NicId } from "@gona/model";
import { gatesOf, type Inventory, type NicState } from "@gona/planner";

/**
 * Which NICs' gates are open. As gatesOf() has it, except that a NIC which waits out its failback
 * time, or is drained, stays shut while every vif has a better one: to the packet path an open gate
 * means that frames for its MACs come in by that NIC alone, and its switch port may not forward
 * yet, or is to be left alone.
 */
export function openGates(
  states: ReadonlyMap<NicId, NicState>,
  spec: HostSpec,
): Required<Pick<Inventory, "nicsUp" | "nicsHeld">> {
  const { nicsUp, nicsHeld = new Set() } = gatesOf(states);
  if (nicsHeld.size === 0) return { nicsUp, nicsHeld };
  const isHeld = (nic: NicId) => nicsHeld.has(nic);
  const needed = new Set<NicId>();
  for (const { vifs } of spec.guests) {
    for (const { aggregate } of vifs) {
      const living = aggregate.slices.map((slice) => slice.nic).filter((nic) => nicsUp.has(nic));
      if (living.every(isHeld)) for (const nic of living) needed.add(nic);
    }
  }
  return { nicsUp: new Set([...nicsUp].filter((nic) => !isHeld(nic) || needed.has(nic))), nicsHeld };
}
