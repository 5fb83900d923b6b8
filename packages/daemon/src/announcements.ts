import type { NicId, VifId } from "@gona/model";
import type { HubState, SliceEntry, Step, VifEntry } from "@gona/planner";
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

/** The vifs whose NICs some steps changed. */
export interface MovedVifs {
  /** Another slice is the first: the vif's own MAC lives behind that one's NIC now. */
  readonly rehomed: ReadonlySet<VifId>;
  /** A slice is gone, and peers may hold its MAC. */
  readonly bereft: ReadonlySet<VifId>;
}

/** A vif that is new or was broken is not known to anybody. */
export function movedVifs(steps: readonly Step[]): MovedVifs {
  const [rehomed, bereft] = [new Set<VifId>(), new Set<VifId>()];
  for (const step of steps) {
    if (step.facet !== "vifs" || step.kind !== "set" || step.before === undefined || step.before.stale) continue;
    const [before, now] = [nicsOf(step.before), nicsOf(step.value)];
    if (before[0] !== now[0]) rehomed.add(step.key);
    if (before.some((nic) => !now.includes(nic))) bereft.add(step.key);
  }
  return { rehomed, bereft };
}

const nicsOf = ({ slices }: VifEntry): readonly NicId[] => slices.flatMap((slice) => (slice ? [slice.nic] : []));

/**
 * What to announce after the NICs of vifs changed: the own MAC behind the home NIC, and where a slice
 * is gone also the MACs that are left, and that the addresses are at the home NIC's slice.
 */
export function announcementsForChange(
  hub: HubState,
  { rehomed, bereft }: MovedVifs,
  alive: ReadonlySet<NicId>,
): Announcement[] {
  const homes = new Map<number, { readonly vif: VifEntry; readonly home: SliceEntry; readonly isBereft: boolean }>();
  for (const id of new Set([...rehomed, ...bereft])) {
    const vif = hub.vifs.get(id);
    const home = vif?.slices.find((slice) => slice && alive.has(slice.nic));
    if (vif !== undefined && home) homes.set(vif.slot, { vif, home, isBereft: bereft.has(id) });
  }
  if (homes.size === 0) return [];
  const announcements: Announcement[] = [];
  for (const { vifSlot, slice, mac, vlan } of hub.stations.values()) {
    const found = homes.get(vifSlot);
    if (found === undefined || (slice !== "own" && !found.isBereft)) continue;
    const shown = slice === "own" ? undefined : found.vif.slices[slice];
    const nic = shown && alive.has(shown.nic) ? shown.nic : found.home.nic;
    announcements.push({ nic, mac, vlan, frame: announcementFrame(mac, vlan) });
  }
  const atHome = addressAnnouncements(hub, (slot) => {
    const found = homes.get(slot);
    return found?.isBereft ? found.home : undefined;
  });
  return [...announcements, ...atHome];
}

/**
 * What to announce before vifs lose a slice: their addresses at the MAC of a slice that stays, where
 * they show one MAC for each slice.
 */
export function announcementsOfEscape(
  hub: HubState,
  { bereft }: MovedVifs,
  steps: readonly Step[],
  alive: ReadonlySet<NicId>,
): Announcement[] {
  const refuges = new Map<number, SliceEntry>();
  for (const step of steps) {
    if (step.facet !== "vifs" || step.kind !== "set" || !bereft.has(step.key) || !step.before?.rewriteMac) continue;
    const staying = nicsOf(step.value);
    const refuge = step.before.slices.find((slice) => slice && alive.has(slice.nic) && staying.includes(slice.nic));
    if (refuge) refuges.set(step.before.slot, refuge);
  }
  return addressAnnouncements(hub, (slot) => refuges.get(slot));
}

function addressAnnouncements(hub: HubState, sliceOf: (vifSlot: number) => SliceEntry | undefined): Announcement[] {
  const announcements: Announcement[] = [];
  for (const { vifSlot, vlan, address } of hub.addresses.values()) {
    const slice = sliceOf(vifSlot);
    if (slice === undefined) continue;
    const { nic, mac } = slice;
    announcements.push({ nic, mac, vlan, address, frame: addressFrame(mac, vlan, address) });
  }
  return announcements;
}
