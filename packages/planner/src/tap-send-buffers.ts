import { type Bytes, bytes, type VifId } from "@gona/model";
import { type HubState, type Leaf, type SliceQueue, sliceKey, type VifEntry } from "./hub-state.ts";

/** A packet of 64 KB with its headers: the kernel lets the last one go beyond the limit. */
const LARGEST_PACKET = 66_000;
/** A 1514-byte frame counts as 2304 bytes of memory, so this much more holds what the queues hold. */
const MEMORY_PER_BYTE = 2;
/** An int in the kernel, and INT_MAX means no limit. */
const MAX_SEND_BUFFER = 0x7ffffffe;

/**
 * What the hypervisor of each vif may have under way, as the kernel counts memory (TUNSETSNDBUF),
 * were its link a tap. Where all frames wait in one queue: less than that queue holds, so nothing is ever
 * dropped in it and the VM waits instead. Where they wait in several: as much as all of them
 * hold, as one buffer is below all of them and a slow queue that filled it would stop the others; then
 * each queue still drops what is beyond it. A vif without a queue has none.
 */
export function tapSendBuffers(hub: HubState): ReadonlyMap<VifId, Bytes> {
  const buffers = new Map<VifId, Bytes>();
  for (const [id, vif] of hub.vifs) {
    const leaves = queuesOf(hub, vif).flatMap(leavesOf);
    const [only] = leaves;
    // A macvtap is opened by a device file of its own, behind which its holder is not looked for.
    if (only === undefined || vif.macvtap) continue;
    // fq_codel is a queue for each flow.
    const isOneQueue = leaves.length === 1 && only.codel === undefined;
    buffers.set(id, isOneQueue ? loseNothing(only.limit) : stallNone(leaves.map(({ limit }) => limit)));
  }
  return buffers;
}

/** Every queue that a frame of this vif may wait in on its way out. */
function queuesOf(hub: HubState, vif: VifEntry): readonly SliceQueue[] {
  const links = new Set<string>();
  for (const slice of vif.slices) if (slice !== null) links.add(slice.nic);
  for (const id of [vif.capped && "cap", vif.localCapped && "local"] as const) {
    const spine = id === false ? undefined : hub.spines.get(id);
    if (spine !== undefined) links.add(spine.device);
  }
  return [...links].flatMap((link) => hub.slices.get(sliceKey(link, vif.slot)) ?? []);
}

const leavesOf = ({ leaf, parts }: SliceQueue): readonly Leaf[] =>
  leaf === null ? parts.map((part) => part.leaf) : [leaf];

/** No less than a half: a queue that holds little more than one packet must not run dry. */
const loseNothing = (limit: Bytes): Bytes => bytes(Math.max(limit - LARGEST_PACKET, Math.floor(limit / 2)));

const stallNone = (limits: readonly Bytes[]): Bytes =>
  bytes(Math.min(MAX_SEND_BUFFER, MEMORY_PER_BYTE * limits.reduce((sum, limit) => sum + limit, 0)));
