// Under Node 24: node scenario-spec.mjs NAME FILE: writes the spec that a scenario's daemon starts with to FILE.
import { writeFileSync } from "node:fs";
import { findScenario } from "../../packages/lab/src/scenario/find-scenario.ts";

const [name = "quick-start", file = "/dev/stdout"] = process.argv.slice(2);
writeFileSync(file, findScenario(name).spec.text);
