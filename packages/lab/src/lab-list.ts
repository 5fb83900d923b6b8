import { namespacesOf } from "./bed/sweep.ts";
import { findScenario, scenarioNames } from "./scenario/find-scenario.ts";

export interface ScenarioSummary {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  /** Its namespaces exist. */
  readonly up: boolean;
}

/** The scenarios that come with GONA. Throws GonaError when one of them is wrong. */
export function labList(): ScenarioSummary[] {
  return scenarioNames().map((name) => {
    const { title, about } = findScenario(name);
    return { name, title, about, up: namespacesOf(name).length > 0 };
  });
}
