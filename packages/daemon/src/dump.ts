import { formatKernelState, type Kernel } from "@gona/kernel";
import { describeStep, EMPTY_HUB, type HubState, plan, vifNames } from "@gona/planner";

/**
 * What the kernel holds of ours, for support: the links concerned with their queues and filters as
 * golden text, then the maps in words. Pointers and ifindexes do not show.
 */
export function dumpHub(kernel: Kernel, hub: HubState): string {
  const links = new Set<string>([...hub.nics.keys(), ...hub.nicFilters.keys(), ...hub.vifFilters.keys()]);
  const maps = plan(EMPTY_HUB, hub).map((step) => describeStep(step, vifNames(hub)));
  return [formatKernelState(kernel, { links: [...links].sort() }).trimEnd(), ...maps, ""].join("\n");
}
