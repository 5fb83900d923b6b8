import type { NicId } from "@gona/model";
import type { NicEntry } from "@gona/planner";
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

/** The NIC records; `inIfindex`: where a NIC's ingress spine begins. A second one of a NIC stands under a name that no NIC has, so that plan() takes it away. */
export function observeNics(view: HubView, inIfindex: (nic: string) => number): ObservedNics {
  const nics = new Map<NicId, NicEntry>();
  const names = new Map<number, string>();
  const nameMap = view.kernel.map("gona_nic_names");
  const again: [number, NicEntry][] = [];
  for (const [key, value] of view.kernel.map("gona_nics").entries()) {
    const record = gonaNic.decode(value);
    if ((record.flags & NicFlag.IN_USE) === 0) continue;
    const slot = indexOf(key);
    const name = idText(nameMap.get(indexKey(slot)) ?? new Uint8Array(Limit.NAME_LEN));
    const entry = fromNicRecord(slot, record, {
      ifindex: view.linkByName.get(name)?.ifindex,
      inIfindex: inIfindex(name),
    });
    if (name === "" || nics.has(name as NicId)) again.push([slot, { ...entry, stale: true }]);
    else nics.set(name as NicId, entry);
    names.set(slot, name);
  }
  for (const [slot, entry] of again) nics.set(`slot ${slot}` as NicId, entry);
  return { nics, nameOf: (slot) => names.get(slot) ?? "" };
}
