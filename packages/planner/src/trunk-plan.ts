import { type NicId, TRUNK_END_PREFIX, TRUNK_PREFIX } from "@gona/model";
import type { Trunk } from "./hub-state.ts";
import type { NicPlacement } from "./inventory.ts";
import { stableHash } from "./stable-hash.ts";

/** Of a link's name. */
const LONGEST = 15;

/** The ends of a NIC's trunk: readable where the name fits (`gt-eth1`, `gd-eth1`). */
export function trunkEnds(nic: NicId): { readonly device: string; readonly peer: string } {
  // A NIC's name may hold a dot, which no hash does: the two cannot be mistaken for each other.
  const name = TRUNK_PREFIX.length + nic.length <= LONGEST ? nic : stableHash(`trunk ${nic}`);
  return { device: `${TRUNK_PREFIX}${name}`, peer: `${TRUNK_END_PREFIX}${name}` };
}

/** What leads to a NIC that stands in a driver domain. */
export function trunkOf(nic: NicId, placement: NicPlacement): Trunk {
  const { device, peer } = trunkEnds(nic);
  const { domain } = placement;
  return placement.isolation === "netns"
    ? { kind: "veth", device, peer, domain, netns: placement.netns }
    : { kind: "tap", device, domain };
}

/** The links that a trunk's set makes anew whatever was there before: the old ones of these names go with that step. */
export function endsOfTrunks(trunks: ReadonlyMap<NicId, Trunk>): ReadonlySet<string> {
  const ends = new Set<string>();
  for (const trunk of trunks.values()) if (trunk.kind === "veth") ends.add(trunk.device).add(trunk.peer);
  return ends;
}
