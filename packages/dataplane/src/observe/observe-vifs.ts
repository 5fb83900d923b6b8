import type { VifId } from "@gona/model";
import type { VifEntry } from "@gona/planner";
import { gonaAggregate, gonaVif, VifFlag } from "../abi.ts";
import { idText } from "../id-bytes.ts";
import { indexKey } from "../map-keys.ts";
import { fromVifRecords } from "../vif-record.ts";
import type { HubView } from "./hub-view.ts";

const NO_AGGREGATE = new Uint8Array(gonaAggregate.size);

/** The vif records. A second one of a vif stands under a name that no vif has, so that plan() takes it away. */
export function observeVifs(view: HubView, nicName: (slot: number) => string): ReadonlyMap<VifId, VifEntry> {
  const { kernel } = view;
  const vifs = new Map<VifId, VifEntry>();
  const aggregates = kernel.map("gona_aggregates");
  const names = kernel.map("gona_vif_names");
  for (const [key, value] of kernel.map("gona_vifs").entries()) {
    const record = gonaVif.decode(value);
    if ((record.flags & VifFlag.IN_USE) === 0) continue;
    const slot = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    const owned = record.aggregate >>> 1 === slot;
    const aggregate = (owned ? aggregates.get(indexKey(record.aggregate)) : undefined) ?? NO_AGGREGATE;
    const link = view.linkByIndex.get(record.ifindex);
    const entry = fromVifRecords(slot, record, gonaAggregate.decode(aggregate), link, nicName);
    const id = idText(names.get(indexKey(slot)) ?? new Uint8Array()) as VifId;
    if (id.length === 0 || vifs.has(id)) vifs.set(`slot ${slot}` as VifId, { ...entry, stale: true });
    else vifs.set(id, owned ? entry : { ...entry, stale: true });
  }
  return vifs;
}
