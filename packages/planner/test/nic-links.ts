import type { NicId } from "@gona/model";
import type { HubState } from "../src/hub-state.ts";

/** Whose root the egress tree of a NIC is: its own, or that of the trunk that stands for it wholly. */
export function egressLink(hub: HubState, nic: NicId): string {
  const trunk = hub.nics.get(nic)?.trunk;
  return trunk !== undefined && trunk.peer === undefined ? trunk.device : nic;
}

/** Whose root the tree is that what comes in by a NIC passes, where that is shaped; undefined: there is none. */
export function ingressLink(hub: HubState, nic: NicId): string | undefined {
  return hub.nics.get(nic)?.trunk?.peer ?? hub.spines.get(`in ${nic}`)?.device;
}
