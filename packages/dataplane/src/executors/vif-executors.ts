import type { Kernel, KernelOp } from "@gona/kernel";
import type { VifEntry } from "@gona/planner";
import { Direction, gonaAggregate, gonaBucketBytes, gonaSliceClock, gonaVif, Limit, VifFlag } from "../abi.ts";
import { FROM_GUEST, FROM_MACVTAP } from "../hub-filters.ts";
import { idBytes, idText } from "../id-bytes.ts";
import { indexKey } from "../map-keys.ts";
import { aliasOf, fromAlias } from "../vif-link-alias.ts";
import { toAggregateRecord, toVifRecord } from "../vif-record.ts";
import type { Executor } from "./executors.ts";
import { attach, attachEgress, detach } from "./filter-ops.ts";

export const vifLinkExecutor: Executor<"vifLinks"> = {
  set({ key: vif, value, before }, batch) {
    // What stands in the way goes first: the pair of before, whose far end may have the same name,
    // and one of this name that a crash left without its label.
    for (const device of new Set([before?.device ?? value.device, value.device])) {
      if (batch.linkBefore(device) !== undefined) batch.push({ op: "linkDelete", link: device });
    }
    const { netns, name, mac } = value;
    batch.push(
      { op: "vethCreate", link: value.device, peer: { netns, name, mac, addresses: [] } },
      { op: "linkSet", link: value.device, alias: aliasOf(vif, value), up: true },
    );
  },

  async clear({ key: vif, before: { device } }, batch) {
    const link = await batch.link(device);
    const owner = fromAlias(device, link?.alias ?? "")?.vif;
    // Not a pair that was made anew since for the vif that it belongs to.
    if (link !== undefined && (owner === undefined || owner === vif)) batch.push({ op: "linkDelete", link: device });
  },
};

export const vifExecutor: Executor<"vifs"> = {
  async set({ key: vif, value: entry, before }, batch) {
    const link = await batch.presentLink(entry.device);
    const key = indexKey(entry.slot);
    const now = recordsOf(batch.kernel, entry.slot, vif);
    const aggregate = gonaAggregate.encode(toAggregateRecord(entry));
    let index = now?.index ?? 2 * entry.slot;
    if (now === undefined) batch.push({ op: "mapPut", map: "gona_vif_names", key, value: idBytes(vif) });
    if (now === undefined || Buffer.compare(aggregate, now.aggregate) !== 0) {
      if (now !== undefined) index ^= 1;
      batch.push(...resetCounters(batch.kernel, entry, now === undefined ? undefined : before));
      // The other generation is filled first: a packet sees all of the old aggregate or all of the new.
      batch.push({ op: "mapPut", map: "gona_aggregates", key: indexKey(index), value: aggregate });
    }
    // Not read where the state is known: it is 8 kB for each of a thousand guests that lose a NIC.
    const isKnown = before !== undefined && !before.stale && before.choice === entry.choice;
    const counts = isKnown ? entry.choice === "flowlet" : batch.kernel.map("gona_bucket_bytes").get(key) !== undefined;
    const value = new Uint8Array(gonaBucketBytes.size);
    if (entry.choice === "flowlet" && !counts) batch.push({ op: "mapPut", map: "gona_bucket_bytes", key, value });
    batch.push({ op: "mapPut", map: "gona_vifs", key, value: gonaVif.encode(toVifRecord(entry, link, index)) });
    if (entry.choice !== "flowlet" && counts) batch.push({ op: "mapDelete", map: "gona_bucket_bytes", key });
  },

  clear({ before: { slot } }, batch) {
    const key = indexKey(slot);
    if (batch.kernel.map("gona_bucket_bytes").get(key) !== undefined) {
      batch.push({ op: "mapDelete", map: "gona_bucket_bytes", key });
    }
    batch.push(
      { op: "mapPut", map: "gona_vifs", key: indexKey(slot), value: new Uint8Array(gonaVif.size) },
      { op: "mapPut", map: "gona_vif_names", key: indexKey(slot), value: new Uint8Array(Limit.NAME_LEN) },
    );
  },
};

export const vifFilterExecutor: Executor<"vifFilters"> = {
  set({ key: link, value: { vifSlot: slot, macvtap }, before }, batch) {
    if (!macvtap) {
      attach(batch, { link, program: FROM_GUEST, slot, known: before !== undefined && !before.macvtap });
      return;
    }
    attachEgress(batch, { link, program: FROM_MACVTAP, slot });
    batch.push({ op: "linkSet", link, up: true });
  },

  async clear({ key: link, before }, batch) {
    if (!before.macvtap) return detach(batch, link);
    // Its frames need no filter to reach the NIC: it goes down, and the filter with it later.
    if (!batch.attached.has(link) && (await batch.link(link)) !== undefined) {
      batch.push({ op: "linkSet", link, up: false });
    }
  },
};

/** Index and bytes of the aggregate in use; undefined where the slot is free or another vif's. */
function recordsOf(kernel: Kernel, slot: number, vif: string): { index: number; aggregate: Uint8Array } | undefined {
  const bytes = kernel.map("gona_vifs").get(indexKey(slot));
  const name = kernel.map("gona_vif_names").get(indexKey(slot));
  if (bytes === undefined || name === undefined || idText(name) !== vif) return undefined;
  const record = gonaVif.decode(bytes);
  // A slot has two generations; anything else is no work of ours.
  if ((record.flags & VifFlag.IN_USE) === 0 || record.aggregate >>> 1 !== slot) return undefined;
  const aggregate = kernel.map("gona_aggregates").get(indexKey(record.aggregate));
  return aggregate === undefined ? undefined : { index: record.aggregate, aggregate };
}

/** A slice number that comes to mean another NIC begins to count at zero, and its virtual queues are empty. */
function resetCounters(kernel: Kernel, entry: VifEntry, before: VifEntry | undefined): readonly KernelOp[] {
  const ops: KernelOp[] = [];
  for (const [number, slice] of entry.slices.entries()) {
    if (slice === null || before?.slices[number]?.nic === slice.nic) continue;
    const place = entry.slot * Limit.MAX_SLICES + number;
    const key = indexKey(place);
    const size = kernel.map("gona_slice_stats").get(key)?.length;
    if (size === undefined) continue;
    ops.push({ op: "mapPut", map: "gona_slice_stats", key, value: new Uint8Array(size) });
    if (!entry.parts && entry.choice === undefined) continue;
    for (let direction = 0; direction < Direction.DIRECTIONS; direction++) {
      const clock = indexKey(place * Direction.DIRECTIONS + direction);
      ops.push({ op: "mapPut", map: "gona_slice_clocks", key: clock, value: new Uint8Array(gonaSliceClock.size) });
    }
  }
  return ops;
}
