import type { NicId } from "@gona/model";
import type { HubState, VifEntry } from "@gona/planner";
import { announcementFrame } from "./announcement-frame.ts";

/** One broadcast that moves a MAC to the switch port behind `nic`. */
export interface Announcement {
  readonly nic: NicId;
  readonly mac: string;
  readonly vlan: number;
  readonly frame: Uint8Array;
}

/**
 * What to announce after `nic` died: the MAC of each slice on it now lives behind the vif's home
 * NIC, the first of its slices that is alive. Vifs without a living slice have nothing to say.
 */
export function announcementsForLoss(hub: HubState, nic: NicId, alive: ReadonlySet<NicId>): Announcement[] {
  return announcementsOf(hub, nic, (vif) => vif.slices.find((slice) => slice && alive.has(slice.nic))?.nic);
}

/** What to announce after `nic` came back: its slices' MACs live behind it again. */
export function announcementsForReturn(hub: HubState, nic: NicId): Announcement[] {
  return announcementsOf(hub, nic, () => nic);
}

function announcementsOf(hub: HubState, nic: NicId, home: (vif: VifEntry) => NicId | undefined): Announcement[] {
  const concerned = new Map<number, { slice: number; home: NicId }>();
  for (const vif of hub.vifs.values()) {
    const slice = vif.slices.findIndex((entry) => entry?.nic === nic);
    if (slice < 0 || !vif.rewriteMac) continue;
    const to = home(vif);
    if (to !== undefined) concerned.set(vif.slot, { slice, home: to });
  }
  const announcements: Announcement[] = [];
  for (const { vifSlot, slice, mac, vlan } of hub.stations.values()) {
    const vif = concerned.get(vifSlot);
    if (vif === undefined || vif.slice !== slice) continue;
    announcements.push({ nic: vif.home, mac, vlan, frame: announcementFrame(mac, vlan) });
  }
  return announcements;
}
