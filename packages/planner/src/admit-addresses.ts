import type { HostSpec, VifSpec } from "@gona/model";
import { eachVif } from "./each-vif.ts";
import type { Finding } from "./finding.ts";
import { vlansOf } from "./vif-plan.ts";

/**
 * A trunk VLAN makes a vif's addresses known there too, so they must not belong to another vif of
 * that VLAN (the spec's own check compares access VLANs alone).
 */
export function addressFindings(spec: HostSpec): readonly Finding[] {
  const findings: Finding[] = [];
  const trunks = new Set(spec.guests.flatMap((guest) => guest.vifs.flatMap((vif) => vif.trunk)));
  if (trunks.size === 0) return findings;
  const fabricOf = new Map(spec.nics.map((nic) => [nic.name, nic.fabric]));
  const owners = new Map<string, VifSpec>();
  eachVif(spec, (vif, place) => {
    const first = vif.aggregate.slices[0];
    const fabric = (first && fabricOf.get(first.nic)) ?? "";
    for (const vlan of vlansOf(vif)) {
      if (!trunks.has(vlan)) continue;
      for (const [index, address] of vif.addresses.entries()) {
        const key = `${fabric}/${vlan} ${address}`;
        const owner = owners.get(key);
        if (owner === undefined) owners.set(key, vif);
        else if (owner !== vif && (vlan !== vif.vlan || vlan !== owner.vlan)) {
          const path = place();
          // In the short form the vif stands below its guest, in the list form the entry is the vif.
          const vifEntry = path.endsWith("]") && path.includes(".vifs[") ? path : `${path}.vif`;
          findings.push({
            code: "SPEC_DUPLICATE",
            path: `${vifEntry}.addresses[${index}]`,
            message: `${owner.id} has the address ${address} in VLAN ${vlan} too, which both vifs may use`,
            found: address,
            hint: "take the VLAN out of one trunk, or give one vif another address",
          });
        }
      }
    }
  });
  return findings;
}
