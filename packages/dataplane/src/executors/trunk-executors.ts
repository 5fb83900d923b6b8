import type { LinkState } from "@gona/kernel";
import type { NicId } from "@gona/model";
import type { Trunk } from "@gona/planner";
import { FROM_NIC, FROM_WIRE, TO_NIC } from "../hub-filters.ts";
import type { OpBatch } from "../op-batch.ts";
import { aliasOfTrunk, trunkOfAlias } from "../trunk-alias.ts";
import type { Executor } from "./executors.ts";
import { attach, detach } from "./filter-ops.ts";

type VethTrunk = Extract<Trunk, { kind: "veth" }>;

export const trunkExecutor: Executor<"trunks"> = {
  async set({ key: nic, value: trunk, before }, batch) {
    const alias = aliasOfTrunk(nic, trunk);
    // A tap is made by who runs the machine that holds it.
    if (trunk.kind === "tap") {
      const { name: link } = await batch.presentLink(trunk.device);
      batch.push({ op: "linkSet", link, alias, up: true });
      return;
    }
    const { mac, mtu } = await batch.presentLink(nic);
    if (!(await stands(nic, trunk, batch))) {
      const old = [before?.device, trunk.device, trunk.peer];
      for (const end of new Set(old)) await removeEnd(batch, end);
      // What stands on the ends is asked for later on, and is to be known to be gone.
      await batch.flush();
      batch.push({ op: "vethPairCreate", link: trunk.device, peer: trunk.peer, mtu, netns: trunk.netns });
    }
    // Its MAC is the NIC's: whether a frame is for the host is decided where it comes in, and kept on the way.
    batch.push(
      { op: "linkSet", link: trunk.device, alias, mac, mtu, up: true },
      { op: "linkSet", link: trunk.peer, mtu, up: true },
    );
  },

  async clear({ before: { kind, device } }, batch) {
    if (kind === "veth") await removeEnd(batch, device);
    else if ((await batch.link(device)) !== undefined) batch.push({ op: "linkSet", link: device, alias: "" });
  },
};

export const domainFilterExecutor: Executor<"domainFilters"> = {
  set({ key: nic, value: { nicSlot: slot, device, peer }, before }, batch) {
    const known = before !== undefined && !before.stale;
    attach(batch, { link: device, program: FROM_WIRE, slot, known });
    attach(batch, { link: peer, program: TO_NIC, slot, known });
    attach(batch, { link: nic, program: FROM_NIC, slot, known });
  },

  async clear({ key: nic, before: { device, peer } }, batch) {
    for (const link of [nic, device, peer]) if (link !== "") await detach(batch, link);
  },
};

/** Both ends are there, labelled as they are to be. */
async function stands(nic: NicId, trunk: VethTrunk, batch: OpBatch): Promise<boolean> {
  const [device, peer] = [await batch.link(trunk.device), await batch.link(trunk.peer)];
  return isTrunk(nic, trunk, device, peer);
}

export function isTrunk(
  nic: NicId,
  trunk: VethTrunk,
  device: LinkState | undefined,
  peer: LinkState | undefined,
): boolean {
  if (device?.alias === undefined || !device.peerElsewhere || device.domain !== undefined) return false;
  const label = trunkOfAlias(trunk.device, device.alias);
  if (label === undefined || aliasOfTrunk(label.nic, label.trunk) !== aliasOfTrunk(nic, trunk)) return false;
  return peer?.peerElsewhere === true && peer.domain === trunk.domain;
}

/** With one end the other goes too. */
async function removeEnd(batch: OpBatch, device: string | undefined): Promise<void> {
  if (device === undefined || (await batch.link(device)) === undefined) return;
  batch.push({ op: "linkDelete", link: device });
}
