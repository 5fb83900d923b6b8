import { bitsPerSecond, type HostSpec, type VifId, type VifSpec } from "@gona/model";
import { type BypassSlice, bypassOf, isVf, vfLoads } from "./bypass.ts";
import type { BypassPath } from "./bypass-state.ts";
import { equalData } from "./equal-data.ts";
import { roomFor } from "./host-share.ts";
import type { HubState } from "./hub-state.ts";
import type { Inventory } from "./inventory.ts";
import { isOvercommitted, missingVf } from "./vf-offer.ts";

const NOTHING = bitsPerSecond(0);

/** Why a device of a vif's own cannot be had now; undefined where it can. */
export function missingBypass(slice: BypassSlice, { links, absentNics, nicsVfs }: Inventory): string | undefined {
  const { nic } = slice;
  const absent = absentNics?.get(nic);
  if (absent !== undefined) return absent;
  if (!links.has(nic)) return `there is no link ${nic} yet`;
  const offer = nicsVfs?.get(nic);
  return isVf(slice) && offer !== undefined ? missingVf(slice, offer) : undefined;
}

/** The facet `bypasses`, for the vifs whose devices can be had; the observed one where it is alike. */
export function planBypasses(
  spec: HostSpec,
  vifs: readonly VifSpec[],
  observed: Pick<HubState, "bypasses">,
): HubState["bypasses"] {
  const bypasses = new Map<VifId, BypassPath>();
  const loads = vifs.length === 0 ? new Map() : vfLoads(spec);
  const nics = new Map(spec.nics.map((nic) => [nic.name, nic]));
  let same = vifs.length === observed.bypasses.size;
  for (const vif of vifs) {
    const slice = bypassOf(vif);
    const nic = slice && nics.get(slice.nic);
    if (slice === undefined || nic === undefined) continue;
    // Else the limits of all fit, so each has what it reserved whatever the others do.
    const reserves = isOvercommitted(roomFor(nic, "egress"), loads.get(nic.name));
    const path = pathOf(vif, slice, reserves);
    const before = observed.bypasses.get(vif.id);
    const kept = before !== undefined && equalData(before, path) ? before : path;
    same &&= kept === before;
    bypasses.set(vif.id, kept);
  }
  return same ? observed.bypasses : bypasses;
}

function pathOf(vif: VifSpec, slice: BypassSlice, reserves: boolean): BypassPath {
  const { attachment, mac, vlan, antiSpoof } = vif;
  const { nic, path, egress } = slice;
  if (path.kind === "macvtap") {
    // Checked with the spec: it names the device.
    const device = attachment.kind === "device" ? attachment.device : "";
    return { kind: "macvtap", device, nic, mac, mode: path.mode };
  }
  return {
    kind: "sriov",
    nic,
    vf: path.vf,
    mac,
    vlan,
    checkMac: antiSpoof.mac,
    reserve: reserves ? egress.reserve : NOTHING,
    limit: egress.limit,
  };
}
