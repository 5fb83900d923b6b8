export * from "./lab-list.ts";
export * from "./lab-run.ts";
export * from "./lab-up.ts";
export * from "./quick-start.ts";
export { sinkOf, type TextSink } from "./run/text-sink.ts";
export * from "./run-lab.ts";
export { findScenario, scenarioNames } from "./scenario/find-scenario.ts";
export { parseScenario } from "./scenario/parse-scenario.ts";
export type * from "./scenario/scenario.ts";
