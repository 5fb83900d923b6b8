// Under Node 24: node scenario-spec.mjs NAME: prints the spec that a scenario's daemon starts with.
import { findScenario } from "../../packages/lab/src/scenario/find-scenario.ts";

process.stdout.write(findScenario(process.argv[2] ?? "quick-start").spec.text);
