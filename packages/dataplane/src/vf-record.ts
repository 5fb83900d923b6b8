import { PRISTINE_VF, type VfChange, type VfState } from "@gona/kernel";
import { type BitsPerSecond, megabitsPerSecond, type NicId, type VifId } from "@gona/model";
import { equalData, type VfSettings } from "@gona/planner";
import { gonaVf, gonaVfKey } from "./abi.ts";
import { idBytes, idText } from "./id-bytes.ts";
import type { MapEntry } from "./map-keys.ts";

const NAME_BYTES = 16;
const MEGABIT = 1_000_000;

/** Where gona_vfs holds whose a virtual function is. */
export function vfKey({ nic, vf }: Pick<VfSettings, "nic" | "vf">): Uint8Array {
  const name = new Uint8Array(NAME_BYTES);
  name.set(Buffer.from(nic).subarray(0, NAME_BYTES - 1));
  return gonaVfKey.encode({ nic: name, vf });
}

export const vfOwner = (vif: VifId): Uint8Array => gonaVf.encode({ vif: idBytes(vif) });

export function decodeVfOwner([key, value]: MapEntry): Pick<VfSettings, "nic" | "vf"> & { readonly vif: VifId } {
  const { nic, vf } = gonaVfKey.decode(key);
  return { nic: idText(nic) as NicId, vf, vif: idText(gonaVf.decode(value).vif) as VifId };
}

/** All of a virtual function that is GONA's; its link follows the NIC's. */
export const toVfState = ({ vf, mac, vlan, checkMac, reserve, limit }: VfSettings): VfState => ({
  vf,
  mac,
  vlan,
  rate: { minMegabits: reserve / MEGABIT, maxMegabits: limit / MEGABIT },
  spoofCheck: checkMac,
  linkState: "auto",
  trust: !checkMac,
});

/** What a virtual function that nobody has goes back to. */
export const pristineVf = (vf: number): VfState => ({ vf, ...PRISTINE_VF });

/**
 * What is to change of a virtual function; undefined: nothing. No more than that, as a driver that lacks one of these
 * settings refuses it even where it is as wanted.
 */
export function vfChange(now: VfState | undefined, wanted: VfState): VfChange | undefined {
  if (now === undefined) return wanted;
  const members = Object.entries(wanted) as [keyof VfState, unknown][];
  const changed = members.filter(([name, value]) => !equalData(now[name], value));
  return changed.length === 0 ? undefined : { ...Object.fromEntries(changed), vf: wanted.vf };
}

/** Stale where a member that no plan asks for differs from what every plan sets. */
export function fromVfState(nic: NicId, state: VfState): VfSettings {
  const { vf, mac, vlan, rate, spoofCheck, linkState, trust } = state;
  const whole = linkState === "auto" && trust === !spoofCheck;
  return {
    kind: "sriov",
    nic,
    vf,
    mac,
    vlan,
    checkMac: spoofCheck,
    reserve: megabitsOf(rate.minMegabits),
    limit: megabitsOf(rate.maxMegabits),
    ...(whole ? {} : { stale: true as const }),
  };
}

/** One whose NIC has it no more. */
export const missingVf = (nic: NicId, vf: number): VfSettings => ({
  ...fromVfState(nic, { vf, ...PRISTINE_VF }),
  stale: true,
});

/** A number that someone else set may be beyond our units: it then differs from every plan. */
const MOST_MEGABITS = 1_000_000;
const megabitsOf = (number: number): BitsPerSecond => megabitsPerSecond(Math.min(number, MOST_MEGABITS));
