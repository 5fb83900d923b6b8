import { DaemonUnderTest } from "./bed/daemon-under-test.ts";
import { LabBed } from "./bed/lab-bed.ts";
import type { LabPaths } from "./bed/lab-paths.ts";
import { sweep } from "./bed/sweep.ts";
import { findScenario, labName } from "./scenario/find-scenario.ts";

export interface StandingLab {
  readonly name: string;
  readonly hub: string;
  readonly namespaces: readonly string[];
  readonly paths: LabPaths;
}

/** Builds a scenario's lab with the daemon in it and leaves it standing until labDown. Throws GonaError. */
export async function labUp(nameOrPath: string): Promise<StandingLab> {
  const scenario = findScenario(nameOrPath);
  const bed = await LabBed.build(scenario, { stays: true });
  try {
    await DaemonUnderTest.start(bed, { stays: true });
  } catch (error) {
    await bed[Symbol.asyncDispose]();
    throw error;
  }
  bed.farEnd[Symbol.dispose]();
  const { hub, switches, stations } = bed.plan;
  const namespaces = [hub, ...switches.map(({ netns }) => netns), ...stations.map(({ netns }) => netns)];
  return { name: scenario.name, hub, namespaces, paths: bed.paths };
}

/** Removes a lab: processes, mounts, namespaces, files. Nothing happens when there is none. Throws GonaError. */
export async function labDown(nameOrPath: string): Promise<void> {
  await sweep(labName(nameOrPath));
}
