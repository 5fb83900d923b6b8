import type { LinkState } from "@gona/kernel";
import { type DomainId, MACHINE_LABEL, type NicId, TRUNK_END_PREFIX, TRUNK_PREFIX } from "@gona/model";
import type { NicTrunk, Trunk } from "@gona/planner";
import { isTrunk } from "../executors/trunk-executors.ts";
import { trunkOfAlias } from "../trunk-alias.ts";
import type { HubView } from "./hub-view.ts";

export interface ObservedTrunks {
  readonly trunks: ReadonlyMap<NicId, Trunk>;
  /** Ends of pairs that must be made anew: whatever stands on them goes with them. */
  readonly broken: ReadonlySet<string>;
  /** What leads to where a NIC is; undefined where it is in the hub. */
  readonly of: (nic: string) => NicTrunk | undefined;
}

const NO_DOMAIN = "" as DomainId;

/**
 * The trunks. An end without a readable label, or the second trunk of one NIC, is what a crash left: it stands under
 * its device's name, which no NIC has that is in a spec, so that plan() takes it away.
 */
export function observeTrunks(view: HubView): ObservedTrunks {
  const trunks = new Map<NicId, Trunk>();
  const ends = new Set<string>();
  const broken = new Set<string>();
  for (const link of view.links) {
    if (!link.name.startsWith(TRUNK_PREFIX) || link.domain !== undefined) continue;
    const label = trunkOfAlias(link.name, link.alias);
    if (label === undefined || trunks.has(label.nic)) {
      // What is a virtual machine's and not in use is for that one's supervisor to take away.
      const isMachines = link.kind !== "veth" || link.alias?.startsWith(MACHINE_LABEL) === true;
      if (!isMachines) trunks.set(link.name as NicId, leftOver(link.name));
      continue;
    }
    const { nic, trunk } = label;
    if (trunk.kind === "veth") {
      ends.add(trunk.peer);
      const isPair = isTrunk(nic, trunk, link, view.linkByName.get(trunk.peer));
      if (!isPair) for (const end of [trunk.device, trunk.peer]) broken.add(end);
    }
    trunks.set(nic, isWhole(view, nic, trunk, link) ? trunk : { ...trunk, stale: true });
  }
  for (const { name, kind } of view.links) {
    if (kind !== "veth" || !name.startsWith(TRUNK_END_PREFIX) || ends.has(name)) continue;
    trunks.set(name as NicId, leftOver(name));
  }
  const of = (nic: string): NicTrunk | undefined => {
    const trunk = trunks.get(nic as NicId);
    if (trunk === undefined || broken.has(trunk.device)) return undefined;
    return { device: trunk.device, ...(trunk.kind === "veth" && { peer: trunk.peer }) };
  };
  return { trunks, broken, of };
}

/** Broken: whatever stands on it goes with it. */
const leftOver = (device: string): Trunk => ({
  kind: "veth",
  device,
  domain: NO_DOMAIN,
  peer: "",
  netns: "",
  stale: true,
});

function isWhole(view: HubView, nic: NicId, trunk: Trunk, link: LinkState): boolean {
  if (trunk.kind === "tap") return link.up;
  const peer = view.linkByName.get(trunk.peer);
  const own = view.linkByName.get(nic);
  if (!isTrunk(nic, trunk, link, peer) || !link.up || peer?.up !== true) return false;
  // Of a NIC that is gone at the moment nothing is known.
  return own === undefined || (link.mac === own.mac && link.mtu === own.mtu && peer.mtu === own.mtu);
}
