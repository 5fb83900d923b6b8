import { PRISTINE_VF, type VfState } from "@gona/kernel";
import { GonaError, type VifId } from "@gona/model";
import type { BypassPath, MacvtapLink, VfSettings } from "@gona/planner";
import { aliasOfMacvtap, vifOfMacvtapAlias } from "../bypass-alias.ts";
import type { OpBatch } from "../op-batch.ts";
import { pristineVf, toVfState, vfChange, vfKey, vfOwner } from "../vf-record.ts";
import type { Executor } from "./executors.ts";

export const bypassExecutor: Executor<"bypasses"> = {
  async set({ key: vif, value, before }, batch) {
    if (value.kind === "macvtap") return setMacvtap(vif, value, before, batch);
    if (before !== undefined && !isSameVf(before, value)) await release(vif, before, batch);
    batch.vfs.add(nameOfVf(value));
    // Whose it is comes first: a change that is cut short is found, and taken back.
    batch.push({ op: "mapPut", map: "gona_vfs", key: vfKey(value), value: vfOwner(vif) });
    await setVf(value.nic, toVfState(value), batch);
  },

  clear: ({ key: vif, before }, batch) => release(vif, before, batch),
};

const nameOfVf = ({ nic, vf }: VfSettings): string => `${nic} ${vf}`;
const isSameVf = (a: BypassPath, b: VfSettings): boolean => a.kind === "sriov" && a.nic === b.nic && a.vf === b.vf;

/** Down: its filter's executor sets it up, so that nothing passes before it has its class. */
async function setMacvtap(
  vif: VifId,
  value: MacvtapLink,
  before: BypassPath | undefined,
  batch: OpBatch,
): Promise<void> {
  const { device: link, nic: lower, mode, mac } = value;
  const stays =
    before?.kind === "macvtap" &&
    !before.stale &&
    before.device === link &&
    before.nic === lower &&
    before.mode === mode;
  if (stays) {
    batch.push({ op: "linkSet", link, mac });
    return;
  }
  if (before !== undefined) await release(vif, before, batch);
  const there = await batch.link(link);
  if (there !== undefined) {
    // One that a crash left before it had its label is down and has none.
    const isOurs = vifOfMacvtapAlias(there.alias) !== undefined;
    const isLeft = there.kind === "macvtap" && !there.up && there.alias === undefined;
    if (!isOurs && !isLeft) {
      throw new GonaError("FOREIGN_STATE", `${link} is to be a macvtap of GONA's, and is there already`, {
        found: there.kind === "" ? "hardware" : there.kind,
        hint: `ip link delete dev ${link}, or another device in the spec`,
      });
    }
    batch.push({ op: "linkDelete", link });
  }
  batch.push({ op: "macvtapCreate", link, lower, mode, mac, alias: aliasOfMacvtap(vif) });
}

/** Nothing where the NIC has it no more and it is to go. */
async function setVf(link: string, wanted: VfState, batch: OpBatch): Promise<void> {
  // What is gathered may be about the same one.
  await batch.flush();
  const now = (await batch.link(link)) && batch.kernel.vfs(link).find(({ vf }) => vf === wanted.vf);
  if (now === undefined && wanted.mac === PRISTINE_VF.mac) return;
  const change = vfChange(now, wanted);
  if (change !== undefined) batch.push({ op: "vfSet", link, ...change });
}

/** Takes a vif's device away, but not one that another has got in this run of steps. */
async function release(vif: VifId, path: BypassPath, batch: OpBatch): Promise<void> {
  if (path.kind === "macvtap") {
    const owner = vifOfMacvtapAlias((await batch.link(path.device))?.alias);
    if (owner === vif || (owner !== undefined && path.stale)) batch.push({ op: "linkDelete", link: path.device });
    return;
  }
  if (batch.vfs.has(nameOfVf(path))) return;
  const { nic: link, vf } = path;
  await setVf(link, pristineVf(vf), batch);
  batch.push({ op: "mapDelete", map: "gona_vfs", key: vfKey(path) });
}
