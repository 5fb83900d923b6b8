import type { LinkState } from "@gona/kernel";
import { SPINE_END_PREFIX, SPINE_PREFIX } from "@gona/model";
import type { Spine, SpineId } from "@gona/planner";
import { gonaSpineEnd, Spine as SpineNumber } from "../abi.ts";
import { indexKey } from "../map-keys.ts";
import { spineOfAlias } from "../spine-alias.ts";
import type { HubView } from "./hub-view.ts";

export interface ObservedSpines {
  readonly spines: ReadonlyMap<SpineId, Spine>;
  /** Ends of pairs that must be made anew: whatever stands on them goes with them. */
  readonly broken: ReadonlySet<string>;
  /** Ifindex of the first end of a NIC's ingress spine; 0 where there is none to send to. */
  readonly inIfindex: (nic: string) => number;
  /** What the far end of a spine belongs to. */
  readonly ofEnd: (peer: string) => SpineId | undefined;
}

/**
 * The spines. What has no readable label, or is the second of one spine, is what a crash left: it
 * stands under its device's name, which no spine has, so that plan() takes it away.
 */
export function observeSpines(view: HubView): ObservedSpines {
  const spines = new Map<SpineId, Spine>();
  const broken = new Set<string>();
  const byEnd = new Map<string, SpineId>();
  const add = (id: SpineId, device: LinkState, spine: Spine): void => {
    spines.set(id, isWhole(view, id, device) ? spine : { ...spine, stale: true });
    if (!isPair(device)) broken.add(device.name);
    byEnd.set(spine.peer, id);
  };
  for (const link of view.links) {
    if (link.kind !== "veth" || !link.name.startsWith(SPINE_PREFIX)) continue;
    const spine = { device: link.name, peer: link.peer ?? "" };
    const id = spineOfAlias(link.alias);
    if (id !== undefined && !spines.has(id)) add(id, link, spine);
    else add(link.name as SpineId, link, { ...spine, stale: true });
  }
  for (const { name, kind } of view.links) {
    if (kind !== "veth" || !name.startsWith(SPINE_END_PREFIX) || byEnd.has(name)) continue;
    spines.set(name as SpineId, { device: name, peer: "", stale: true });
    broken.add(name);
  }
  const inIfindex = (nic: string): number => {
    const device = spines.get(`in ${nic}` as SpineId)?.device ?? "";
    return broken.has(device) ? 0 : (view.linkByName.get(device)?.ifindex ?? 0);
  };
  return { spines, broken, inIfindex, ofEnd: (peer) => byEnd.get(peer) };
}

const isPair = ({ peer }: LinkState): boolean => peer?.startsWith(SPINE_END_PREFIX) ?? false;

function isWhole(view: HubView, id: SpineId, device: LinkState): boolean {
  if (!isPair(device) || !device.up || view.linkByName.get(device.peer ?? "")?.up !== true) return false;
  const number = id === "cap" ? SpineNumber.CAP : id === "local" ? SpineNumber.LOCAL : undefined;
  if (number === undefined) return true;
  const end = view.kernel.map("gona_spines").get(indexKey(number));
  return end !== undefined && gonaSpineEnd.decode(end).ifindex === device.ifindex;
}
