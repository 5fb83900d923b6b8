import { FROM_NIC, FROM_WIRE, TO_NIC } from "../hub-filters.ts";
import { aliasOfTrunk } from "../trunk-alias.ts";
import type { Executor } from "./executors.ts";
import { attach, detach } from "./filter-ops.ts";

export const trunkExecutor: Executor<"trunks"> = {
  async set({ key: nic, value: trunk, before }, batch) {
    // A tap is made by who runs the machine that holds it.
    if (trunk.kind === "tap") {
      batch.push({ op: "linkSet", link: (await batch.presentLink(trunk.device)).name, up: true });
      return;
    }
    for (const device of new Set([before?.device, trunk.device])) {
      if (device !== undefined && (await batch.link(device)) !== undefined) {
        batch.push({ op: "linkDelete", link: device });
      }
    }
    const { mac } = await batch.presentLink(nic);
    const { peer: name, netns } = trunk;
    batch.push(
      { op: "vethCreate", link: trunk.device, peer: { netns, name, mac, addresses: [] } },
      { op: "linkSet", link: trunk.device, alias: aliasOfTrunk(nic, trunk), mac, up: true },
    );
  },

  async clear({ before }, batch) {
    if (before.kind === "tap" || (await batch.link(before.device)) === undefined) return;
    batch.push({ op: "linkDelete", link: before.device });
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
    for (const link of [nic, device, peer]) await detach(batch, link);
  },
};
