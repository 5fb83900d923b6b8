import { parseScenario } from "../scenario/parse-scenario.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** A scenario without phases: the bed, the spec and the traffic of a bench, which has its own timeline. */
export const benchScenario = (name: string, text: string): Scenario =>
  parseScenario(`${text}\nphases: [{ title: bench, lasts: 1min }]\n`, `${name}.yaml`, name);
