import { type Kernel, KernelError, type LinkState } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { NicEntry, SpineId } from "@gona/planner";
import { type GonaNic, gonaNic, Limit, NicFlag } from "../abi.ts";
import { FROM_WIRE, RESOLVE_NIC } from "../hub-filters.ts";
import { idBytes, idText } from "../id-bytes.ts";
import { indexKey } from "../map-keys.ts";
import { type NicDevices, type NicLinks, toNicRecord } from "../nic-record.ts";
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
    if (record !== undefined && !entry.up && !(await areThere([nic, entry.trunk?.device, entry.trunk?.peer], batch))) {
      const value = gonaNic.encode({ ...record, flags: record.flags & ~NicFlag.UP });
      batch.push({ op: "mapPut", map: "gona_nics", key: indexKey(entry.slot), value });
      return;
    }
    const link = await batch.presentLink(nic);
    const trunk = entry.trunk && (await batch.presentLink(entry.trunk.device));
    const outIfindex = (trunk ?? link).ifindex;
    const inIfindex = await leadingIn(nic, entry, before, record, batch);
    const links = { ifindex: link.ifindex, outIfindex, inIfindex };
    const isKnown =
      record !== undefined &&
      record.ifindex === link.ifindex &&
      record.outIfindex === outIfindex &&
      record.netdev !== 0n &&
      (record.trunk !== 0n) === (trunk !== undefined);
    // With the net_devices that the slot has for these very links a gate moves by one map write.
    batch.push(putNic(entry, links, isKnown ? record : await resolve(batch, link, trunk, entry, links)));
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
    const known = before !== undefined && before.link === value.link;
    attach(batch, { link: value.link ?? nic, program: FROM_WIRE, slot: value.nicSlot, known });
  },
  clear: ({ key: nic, before }, batch) => detach(batch, before.link ?? nic),
};

/** Ifindex of what frames for guests are sent to beside the NIC; 0: nothing. Throws KernelError (ENODEV). */
async function leadingIn(
  nic: NicId,
  entry: NicEntry,
  before: NicEntry | undefined,
  record: GonaNic | undefined,
  batch: OpBatch,
): Promise<number> {
  if (entry.trunk?.peer !== undefined) return (await batch.presentLink(entry.trunk.peer)).ifindex;
  if (!entry.shapeIn) return 0;
  const isKnown = before?.shapeIn === true && !before.stale && before.trunk?.peer === undefined && record !== undefined;
  return isKnown ? record.inIfindex : spineOf(batch, nic);
}

/** Ifindex of the first end of a NIC's ingress spine. Throws KernelError (ENODEV). */
async function spineOf(batch: OpBatch, nic: string): Promise<number> {
  const device = await batch.spineDevice(`in ${nic}` as SpineId);
  if (device === undefined) throw new KernelError(`ip link show for the ingress of ${nic}`, "ENODEV", "No such device");
  return device.ifindex;
}

const putNic = (entry: NicEntry, links: Required<NicLinks>, { netdev, trunk }: NicDevices) =>
  ({
    op: "mapPut",
    map: "gona_nics",
    key: indexKey(entry.slot),
    value: gonaNic.encode(toNicRecord(entry, links, { netdev, trunk })),
  }) as const;

async function areThere(links: readonly (string | undefined)[], batch: OpBatch): Promise<boolean> {
  for (const link of links) if (link !== undefined && (await batch.link(link)) === undefined) return false;
  return true;
}

/** What stands in the slot, if that is this NIC's. */
function recordOf(kernel: Kernel, nic: string, slot: number): GonaNic | undefined {
  const bytes = kernel.map("gona_nics").get(indexKey(slot));
  const name = kernel.map("gona_nic_names").get(indexKey(slot));
  if (bytes === undefined || name === undefined || idText(name) !== nic) return undefined;
  const record = gonaNic.decode(bytes);
  return (record.flags & NicFlag.IN_USE) === 0 ? undefined : record;
}

/**
 * Takes a NIC into use and finds its net_device, and that of its trunk. Promiscuous, as a bridge's port is: frames for
 * guests carry MACs that are not the NIC's own, and its filter of unicast addresses is small
 * (16 to 128 on common hardware). Shut until it is resolved. Throws KernelError.
 */
async function resolve(
  batch: OpBatch,
  link: LinkState,
  trunk: LinkState | undefined,
  entry: NicEntry,
  links: Required<NicLinks>,
): Promise<NicDevices> {
  const key = indexKey(entry.slot);
  batch.push(
    { op: "linkSet", link: link.name, up: true, promiscuous: true },
    { op: "mapPut", map: "gona_nic_names", key, value: idBytes(link.name) },
    putNic({ ...entry, up: false }, links, { netdev: 0n, trunk: 0n }),
  );
  await batch.flush();
  const find = ({ name, ifindex }: LinkState, mark: number): GonaNic => {
    const input = { packet: SHORTEST_PACKET, context: { ifindex, mark }, link: name };
    const { returned } = batch.kernel.program(RESOLVE_NIC).testRun(input);
    const bytes = batch.kernel.map("gona_nics").get(key);
    if (returned === TC_ACT_OK && bytes !== undefined) return gonaNic.decode(bytes);
    throw new KernelError(`bpf prog test_run ${RESOLVE_NIC} for ${name}`, "ENODEV", "no net_device was found");
  };
  const found = find(link, entry.slot);
  return trunk === undefined ? found : find(trunk, entry.slot | Limit.RESOLVE_TRUNK);
}
