import type { NicId, VifId } from "@gona/model";
import { type HubState, type SliceEntry, type Step, type VifEntry, type VifMove, vifMove } from "@gona/planner";
import { addressFrame } from "./address-frame.ts";
import { announcementFrame } from "./announcement-frame.ts";

/** One broadcast that moves a MAC to the switch port behind `nic`. */
export interface Announcement {
  readonly nic: NicId;
  readonly mac: string;
  readonly vlan: number;
  /** Told to peers, not to switches alone. */
  readonly address?: string;
  readonly frame: Uint8Array;
}

/**
 * What to announce after `nic` died: the MAC of each slice on it now lives behind the vif's home
 * NIC, the first of its slices that is alive. So does the vif's own MAC where `nic` was its home;
 * that comes after the others, for only peers from a time of one slice hold it. Vifs without a
 * living slice have nothing to say.
 */
export function announcementsForLoss(hub: HubState, nic: NicId, alive: ReadonlySet<NicId>): Announcement[] {
  return announcementsOf(hub, nic, alive, (vif) => homeOf(vif, alive));
}

/** What to announce when `nic` comes back: its slices' MACs live behind it again, and what has its home there. */
export function announcementsForReturn(hub: HubState, nic: NicId, alive: ReadonlySet<NicId>): Announcement[] {
  return announcementsOf(hub, nic, alive, () => nic);
}

function announcementsOf(
  hub: HubState,
  nic: NicId,
  alive: ReadonlySet<NicId>,
  placeOf: (vif: VifEntry) => NicId | undefined,
): Announcement[] {
  const withIt = new Set(alive).add(nic);
  const concerned = new Map<number, { slice: number; place: NicId; isHome: boolean }>();
  for (const vif of hub.vifs.values()) {
    const slice = vif.slices.findIndex((entry) => entry?.nic === nic);
    if (slice < 0 || !vif.rewriteMac) continue;
    const place = placeOf(vif);
    if (place !== undefined) concerned.set(vif.slot, { slice, place, isHome: homeOf(vif, withIt) === nic });
  }
  if (concerned.size === 0) return [];
  const slices: Announcement[] = [];
  const own: Announcement[] = [];
  for (const { vifSlot, slice, mac, vlan } of hub.stations.values()) {
    const vif = concerned.get(vifSlot);
    if (vif === undefined || (slice === "own" ? !vif.isHome : vif.slice !== slice)) continue;
    const announcement = { nic: vif.place, mac, vlan, frame: announcementFrame(mac, vlan) };
    (slice === "own" ? own : slices).push(announcement);
  }
  return [...slices, ...own];
}

const homeOf = ({ slices }: VifEntry, alive: ReadonlySet<NicId>): NicId | undefined =>
  slices.find((slice) => slice && alive.has(slice.nic))?.nic;

export type MovedVifs = ReadonlyMap<VifId, VifMove>;

/** The vifs whose NICs some steps change. */
export function movedVifs(steps: readonly Step[]): MovedVifs {
  const moved = new Map<VifId, VifMove>();
  for (const step of steps) {
    if (step.facet !== "vifs" || step.kind !== "set") continue;
    const move = vifMove(step.before, step.value);
    if (move !== undefined) moved.set(step.key, move);
  }
  return moved;
}

/**
 * What to announce after the NICs of vifs changed: the own MAC behind the home NIC; where a slice is
 * gone or came back also the MACs that are left, and those that are gone behind the home NIC; where one
 * is gone, that the addresses are at the home NIC's slice.
 */
export function announcementsForChange(hub: HubState, moved: MovedVifs, alive: ReadonlySet<NicId>): Announcement[] {
  const homes = new Map<number, { readonly vif: VifEntry; readonly home: SliceEntry; readonly move: VifMove }>();
  for (const [id, move] of moved) {
    const vif = hub.vifs.get(id);
    const home = vif?.slices.find((slice) => slice && alive.has(slice.nic));
    if (vif !== undefined && home) homes.set(vif.slot, { vif, home, move });
  }
  if (homes.size === 0) return [];
  const announcements: Announcement[] = [];
  for (const { vifSlot, slice, mac, vlan } of hub.stations.values()) {
    const found = homes.get(vifSlot);
    if (found === undefined || (slice !== "own" && !found.move.bereft && !found.move.restored)) continue;
    // A number may have another slice's MAC now.
    const shown = found.vif.slices.find((one) => one?.mac === mac && slice !== "own");
    const nic = shown && alive.has(shown.nic) ? shown.nic : found.home.nic;
    announcements.push({ nic, mac, vlan, frame: announcementFrame(mac, vlan) });
  }
  for (const { vifSlot, vlan, address } of hub.addresses.values()) {
    const found = homes.get(vifSlot);
    if (!found?.move.bereft) continue;
    const { nic, mac } = found.home;
    announcements.push({ nic, mac, vlan, address, frame: addressFrame(mac, vlan, address) });
  }
  return announcements;
}
