import type { HostSpec, NicId } from "@gona/model";
import { gatesOf, type Inventory, type NicState } from "@gona/planner";

/**
 * Which NICs' gates are open. As gatesOf() has it, except that a NIC which waits out its failback
 * time stays shut while every vif has a better one: to the packet path an open gate means that
 * frames for its MACs come in by that NIC alone, and its switch port may not forward yet.
 */
export function openGates(
  states: ReadonlyMap<NicId, NicState>,
  spec: HostSpec,
): Required<Pick<Inventory, "nicsUp" | "nicsHeld">> {
  const { nicsUp, nicsHeld = new Set() } = gatesOf(states);
  if (![...states.values()].some(({ phase }) => phase === "returning")) return { nicsUp, nicsHeld };
  const isReturning = (nic: NicId) => states.get(nic)?.phase === "returning";
  const needed = new Set<NicId>();
  for (const { vifs } of spec.guests) {
    for (const { aggregate } of vifs) {
      const living = aggregate.slices.map((slice) => slice.nic).filter((nic) => nicsUp.has(nic));
      if (living.every(isReturning)) for (const nic of living) needed.add(nic);
    }
  }
  return { nicsUp: new Set([...nicsUp].filter((nic) => !isReturning(nic) || needed.has(nic))), nicsHeld };
}
