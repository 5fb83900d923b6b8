import { type HubState, type Step, vifNames } from "@gona/planner";

/** What of a hub owners are known by. */
type OwnerState = Pick<HubState, "vifs" | "spines" | "nics" | "trunks">;

/**
 * Who a step is for, the narrowest last: `domain dd-a`, `nic eth1`, `vif web1`. A step for many has none. Of a domain
 * are the steps that are carried out there.
 */
export type StepOwners = (step: Step) => readonly string[];

/** The owners of a plan's steps; `states` name the vifs of slots and whose a link is, the first that knows one first. */
export function stepOwners(...states: readonly OwnerState[]): StepOwners {
  const names = vifNames(...states);
  const links = linkOwners(states);
  const linkOwner = (link: string | undefined) => (link === undefined ? [] : (links.get(link) ?? [`nic ${link}`]));
  const vif = (id: string | undefined) => (id === undefined ? [] : [`vif ${id}`]);
  return (step) => {
    const value = step.kind === "set" ? step.value : step.before;
    switch (step.facet) {
      case "spines":
        return spineOwner(step.key);
      case "nics":
      case "nicFilters":
        return [`nic ${step.key}`];
      case "trunks":
      case "domainFilters":
        return links.get(step.key) ?? [`nic ${step.key}`];
      case "trees":
      case "spineFilters":
      case "vifFilters":
        return linkOwner(step.key);
      case "vifLinks":
      case "bypasses":
      case "trafficRules":
      case "vifs":
        return vif(step.key);
      case "segments":
        return [];
      default: {
        const { vifSlot, link } = value as { readonly vifSlot: number; readonly link?: string };
        return [...linkOwner(link), ...vif(names(vifSlot))];
      }
    }
  };
}

/** A spine of the host as a whole has none. */
const spineOwner = (id: string): readonly string[] => (id.startsWith("in ") ? [`nic ${id.slice(3)}`] : []);

/** Whose a link is: a NIC's own, an end of its ingress spine, a vif's. */
function linkOwners(states: readonly OwnerState[]): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, readonly string[]>();
  for (const { vifs, spines, nics, trunks } of states.toReversed()) {
    for (const [id, { device, peer }] of spines) for (const end of [device, peer]) owners.set(end, spineOwner(id));
    for (const nic of nics.keys()) owners.set(nic, [`nic ${nic}`]);
    for (const [nic, trunk] of trunks) {
      const owner = [...(trunk.kind === "veth" ? [`domain ${trunk.domain}`] : []), `nic ${nic}`];
      for (const link of [nic, trunk.device, ...(trunk.kind === "veth" ? [trunk.peer] : [])]) owners.set(link, owner);
    }
    for (const [id, { device }] of vifs) owners.set(device, [`vif ${id}`]);
  }
  return owners;
}
