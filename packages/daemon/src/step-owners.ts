import { type HubState, type Step, vifNames } from "@gona/planner";

/** Who a step is for, the narrowest last: `nic eth1`, `vif web1`. A step for many has none. */
export type StepOwners = (step: Step) => readonly string[];

/** The owners of a plan's steps; `states` name the vifs of slots and devices, the first that knows one first. */
export function stepOwners(...states: readonly Pick<HubState, "vifs">[]): StepOwners {
  const names = vifNames(...states);
  const byDevice = new Map(
    states.toReversed().flatMap(({ vifs }) => [...vifs].map(([id, { device }]) => [device, id] as const)),
  );
  const vif = (id: string | undefined) => (id === undefined ? [] : [`vif ${id}`]);
  return (step) => {
    const value = step.kind === "set" ? step.value : step.before;
    switch (step.facet) {
      case "spines":
        return value !== undefined && step.key.startsWith("in ") ? [`nic ${step.key.slice(3)}`] : [];
      case "spineFilters":
        return [];
      case "nics":
      case "trees":
      case "nicFilters":
        return [`nic ${step.key}`];
      case "vifLinks":
      case "trafficRules":
      case "vifs":
        return vif(step.key);
      case "vifFilters":
        return vif(byDevice.get(step.key));
      case "segments":
        return [];
      default: {
        const { vifSlot, link } = value as { readonly vifSlot: number; readonly link?: string };
        return [...(link === undefined ? [] : [`nic ${link}`]), ...vif(names(vifSlot))];
      }
    }
  };
}
