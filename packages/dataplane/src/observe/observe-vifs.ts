import type { Kernel } from "@gona/kernel";
import type { VifId } from "@gona/model";
import type { VifEntry } from "@gona/planner";
import { gonaAggregate, gonaVif, VifFlag } from "../abi.ts";
import { idText } from "../id-bytes.ts";
import { indexKey, indexOf } from "../map-keys.ts";
import { fromVifRecords } from "../vif-record.ts";
import type { HubView } from "./hub-view.ts";

const NO_AGGREGATE = new Uint8Array(gonaAggregate.size);

/** The vif records; a balanced one that counts no bytes by bucket is stale. A second one of a vif stands under a name that no vif has, so that plan() takes it away. */
export function observeVifs(view: HubView, nicName: (slot: number) => string): ReadonlyMap<VifId, VifEntry> {
  const { kernel } = view;
  const names = vifNames(kernel);
  const vifs = new Map<VifId, VifEntry>();
  const aggregates = kernel.map("gona_aggregates");
  const bucketBytes = kernel.map("gona_bucket_bytes");
  for (const [key, value] of kernel.map("gona_vifs").entries()) {
    const record = gonaVif.decode(value);
    if ((record.flags & VifFlag.IN_USE) === 0) continue;
    const slot = indexOf(key);
    const owned = record.aggregate >>> 1 === slot;
    const aggregate = (owned ? aggregates.get(indexKey(record.aggregate)) : undefined) ?? NO_AGGREGATE;
    const link = view.linkByIndex.get(record.ifindex);
    const entry = fromVifRecords(slot, record, gonaAggregate.decode(aggregate), link, nicName);
    const id = names.get(slot);
    const whole = owned && (entry.choice !== "flowlet" || bucketBytes.get(key) !== undefined);
    if (id === undefined || vifs.has(id)) vifs.set(`slot ${slot}` as VifId, { ...entry, stale: true });
    else vifs.set(id, whole ? entry : { ...entry, stale: true });
  }
  return vifs;
}

/** The vifs' names by slot. Read at once: a question for each would cost more than the map's 256 KB. */
function vifNames(kernel: Kernel): ReadonlyMap<number, VifId> {
  const names = new Map<number, VifId>();
  for (const [key, value] of kernel.map("gona_vif_names").entries()) {
    if (value[0] !== 0) names.set(indexOf(key), idText(value) as VifId);
  }
  return names;
}
