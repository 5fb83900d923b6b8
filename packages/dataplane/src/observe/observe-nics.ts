import type { NicId } from "@gona/model";
import type { NicEntry, NicTrunk } from "@gona/planner";
import { gonaNic, Limit, NicFlag } from "../abi.ts";
import { idText } from "../id-bytes.ts";
import { indexKey, indexOf } from "../map-keys.ts";
import { fromNicRecord } from "../nic-record.ts";
import type { HubView } from "./hub-view.ts";

export interface ObservedNics {
  readonly nics: ReadonlyMap<NicId, NicEntry>;
  /** Empty for a slot without a NIC. */
  readonly nameOf: (slot: number) => string;
}

/** The NIC records; `spineOf`: where a NIC's ingress spine begins, `trunkOf`: what leads to where it is. A second one of a NIC stands under a name that no NIC has, so that plan() takes it away. */
export function observeNics(
  view: HubView,
  spineOf: (nic: string) => number,
  trunkOf: (nic: string) => NicTrunk | undefined,
): ObservedNics {
  const nics = new Map<NicId, NicEntry>();
  const names = new Map<number, string>();
  const nameMap = view.kernel.map("gona_nic_names");
  const again: [number, NicEntry][] = [];
  for (const [key, value] of view.kernel.map("gona_nics").entries()) {
    const record = gonaNic.decode(value);
    if ((record.flags & NicFlag.IN_USE) === 0) continue;
    const slot = indexOf(key);
    const name = idText(nameMap.get(indexKey(slot)) ?? new Uint8Array(Limit.NAME_LEN));
    const trunk = trunkOf(name);
    const indexOfLink = (link: string): number | undefined => view.linkByName.get(link)?.ifindex;
    const links = {
      ifindex: indexOfLink(name),
      outIfindex: indexOfLink(trunk?.device ?? name),
      inIfindex: trunk?.peer === undefined ? spineOf(name) : (indexOfLink(trunk.peer) ?? 0),
    };
    const entry = fromNicRecord(slot, record, links, trunk);
    if (name === "" || nics.has(name as NicId)) again.push([slot, { ...entry, stale: true }]);
    else nics.set(name as NicId, entry);
    names.set(slot, name);
  }
  for (const [slot, entry] of again) nics.set(`slot ${slot}` as NicId, entry);
  return { nics, nameOf: (slot) => names.get(slot) ?? "" };
}
