import type { LinkState } from "@gona/kernel";
import type { SpineId } from "@gona/planner";
import { gonaSpineEnd, Spine } from "../abi.ts";
import { FROM_SPINE, SPINE_SLOT } from "../hub-filters.ts";
import { indexKey } from "../map-keys.ts";
import type { OpBatch } from "../op-batch.ts";
import { aliasOfSpine } from "../spine-alias.ts";
import type { Executor } from "./executors.ts";
import { attach, detach } from "./filter-ops.ts";

/**
 * What passes a spine was sized by the links at its ends: it takes every frame as it is. Of a veth the receiving
 * end's MTU counts; that of the first is what CoDel takes for one packet, and lets wait however long that takes.
 */
const MTU = 65_535;
const FIRST_MTU = 1500;

/** Spines that gona_spines holds; that of a NIC stands in the NIC's record. */
const NUMBERS: Readonly<Record<string, number>> = { cap: Spine.CAP, local: Spine.LOCAL };

export const spineExecutor: Executor<"spines"> = {
  async set({ key: id, value, before }, batch) {
    const there = await batch.link(value.device);
    if (!isPair(there, value.peer, await batch.link(value.peer))) {
      const old = [before?.device, before?.peer, value.device, value.peer];
      for (const device of new Set(old)) await removeEnd(batch, device);
      batch.push({ op: "vethPairCreate", link: value.device, peer: value.peer, mtu: MTU });
    }
    batch.push(
      { op: "linkSet", link: value.device, alias: aliasOfSpine(id), mtu: FIRST_MTU, up: true },
      { op: "linkSet", link: value.peer, up: true },
    );
    batch.spines.set(id, value);
    if (NUMBERS[id] === undefined) return;
    batch.push(putEnd(id, (await batch.presentLink(value.device)).ifindex));
  },

  async clear({ key: id, before }, batch) {
    if (NUMBERS[id] !== undefined) batch.push(putEnd(id, 0));
    // Not a pair that was set up meanwhile: what a crash left without its label may be just that.
    const kept = new Set([...batch.spines.values()].flatMap(({ device, peer }) => [device, peer]));
    for (const end of [before.device, before.peer]) if (!kept.has(end)) await removeEnd(batch, end);
  },
};

export const spineFilterExecutor: Executor<"spineFilters"> = {
  set({ key: peer, before }, batch) {
    attach(batch, { link: peer, program: FROM_SPINE, slot: SPINE_SLOT, known: before !== undefined });
  },
  clear: ({ key: peer }, batch) => detach(batch, peer),
};

const isPair = (device: LinkState | undefined, peer: string, far: LinkState | undefined): boolean =>
  device?.peer === peer && far !== undefined;

/** With one end the other goes too. */
async function removeEnd(batch: OpBatch, device: string | undefined): Promise<void> {
  if (device === undefined || device === "" || (await batch.link(device)) === undefined) return;
  batch.push({ op: "linkDelete", link: device });
}

const putEnd = (id: SpineId, ifindex: number) =>
  ({
    op: "mapPut",
    map: "gona_spines",
    key: indexKey(NUMBERS[id] ?? Spine.NONE),
    value: gonaSpineEnd.encode({ ifindex }),
  }) as const;
