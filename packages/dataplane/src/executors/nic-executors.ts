import { type Kernel, KernelError, type LinkState } from "@gona/kernel";
import type { NicEntry, SpineId } from "@gona/planner";
import { type GonaNic, gonaNic, Limit, NicFlag } from "../abi.ts";
import { FROM_WIRE, RESOLVE_NIC } from "../hub-filters.ts";
import { idBytes, idText } from "../id-bytes.ts";
import { indexKey } from "../map-keys.ts";
import { type NicLinks, toNicRecord } from "../nic-record.ts";
import type { OpBatch } from "../op-batch.ts";
import type { Executor } from "./executors.ts";
import { attach, detach } from "./filter-ops.ts";

/** BPF_PROG_TEST_RUN wants a whole Ethernet header. */
const SHORTEST_PACKET = new Uint8Array(14);
const TC_ACT_OK = 0;

export const nicExecutor: Executor<"nics"> = {
  async set({ key: nic, value: entry, before }, batch) {
    const record = recordOf(batch.kernel, nic, entry.slot);
    // A NIC that dies and goes: its gate can be shut without it.
    if (record !== undefined && !entry.up && (await batch.link(nic)) === undefined) {
      const value = gonaNic.encode({ ...record, flags: record.flags & ~NicFlag.UP });
      batch.push({ op: "mapPut", map: "gona_nics", key: indexKey(entry.slot), value });
      return;
    }
    const link = await batch.presentLink(nic);
    const known = record !== undefined && record.ifindex === link.ifindex && record.netdev !== 0n;
    const inKnown = before?.shapeIn === true && !before.stale && record !== undefined;
    const inIfindex = !entry.shapeIn ? 0 : inKnown ? record.inIfindex : await spineOf(batch, nic);
    const links = { ifindex: link.ifindex, inIfindex };
    // With the net_device that the slot has for this very link a gate moves by one map write.
    batch.push(putNic(entry, links, known ? record.netdev : await resolve(batch, link, entry, links)));
  },

  async clear({ key: nic, before: { slot } }, batch) {
    if ((await batch.link(nic)) !== undefined) batch.push({ op: "linkSet", link: nic, promiscuous: false });
    batch.push(
      { op: "mapPut", map: "gona_nics", key: indexKey(slot), value: new Uint8Array(gonaNic.size) },
      { op: "mapPut", map: "gona_nic_names", key: indexKey(slot), value: new Uint8Array(Limit.NAME_LEN) },
    );
  },
};

export const nicFilterExecutor: Executor<"nicFilters"> = {
  set({ key: nic, value, before }, batch) {
    attach(batch, { link: nic, program: FROM_WIRE, slot: value.nicSlot, known: before !== undefined });
  },
  clear: ({ key: nic }, batch) => detach(batch, nic),
};

/** Ifindex of the first end of a NIC's ingress spine. Throws KernelError (ENODEV). */
async function spineOf(batch: OpBatch, nic: string): Promise<number> {
  const device = await batch.spineDevice(`in ${nic}` as SpineId);
  if (device === undefined) throw new KernelError(`ip link show for the ingress of ${nic}`, "ENODEV", "No such device");
  return device.ifindex;
}

type Links = NicLinks & { readonly ifindex: number };
const putNic = (entry: NicEntry, links: Links, netdev: bigint) =>
  ({
    op: "mapPut",
    map: "gona_nics",
    key: indexKey(entry.slot),
    value: gonaNic.encode(toNicRecord(entry, links, netdev)),
  }) as const;

/** What stands in the slot, if that is this NIC's. */
function recordOf(kernel: Kernel, nic: string, slot: number): GonaNic | undefined {
  const bytes = kernel.map("gona_nics").get(indexKey(slot));
  const name = kernel.map("gona_nic_names").get(indexKey(slot));
  if (bytes === undefined || name === undefined || idText(name) !== nic) return undefined;
  const record = gonaNic.decode(bytes);
  return (record.flags & NicFlag.IN_USE) === 0 ? undefined : record;
}

/**
 * Takes a NIC into use and finds its net_device. Promiscuous, as a bridge's port is: frames for
 * guests carry MACs that are not the NIC's own, and its filter of unicast addresses is small
 * (16 to 128 on common hardware). Shut until it is resolved. Throws KernelError.
 */
async function resolve(batch: OpBatch, link: LinkState, entry: NicEntry, links: Links): Promise<bigint> {
  const key = indexKey(entry.slot);
  batch.push(
    { op: "linkSet", link: link.name, up: true, promiscuous: true },
    { op: "mapPut", map: "gona_nic_names", key, value: idBytes(link.name) },
    putNic({ ...entry, up: false }, links, 0n),
  );
  await batch.flush();
  const program = batch.kernel.program(RESOLVE_NIC);
  const context = { ifindex: link.ifindex, mark: entry.slot };
  const { returned } = program.testRun({ packet: SHORTEST_PACKET, context });
  const record = batch.kernel.map("gona_nics").get(key);
  const netdev = record === undefined ? 0n : gonaNic.decode(record).netdev;
  if (returned !== TC_ACT_OK || netdev === 0n) {
    throw new KernelError(`bpf prog test_run ${RESOLVE_NIC} for ${link.name}`, "ENODEV", "no net_device was found");
  }
  return netdev;
}
