/**
 * The benches' load: `load-main.ts send|sink PLAN` with PLAN as JSON (load-plan.ts). One process opens
 * sockets in as many namespaces as the plan names, so that 256 guests send at once on two cores.
 * Prints lines of JSON; sends from the first line of its input on; ends when its input does.
 */
import { writeSync } from "node:fs";
import { GonaError } from "@gona/model";
import type { LoadMessage, LoadPlan, SinkPlan } from "./load-plan.ts";
import { sendLoad } from "./send-load.ts";
import { sinkLoad } from "./sink-load.ts";

const [mode, plan = "{}"] = process.argv.slice(2);
const say = (message: LoadMessage): void => {
  writeSync(1, `${JSON.stringify(message)}\n`);
};
if (mode === "send") sendLoad(JSON.parse(plan) as LoadPlan, say);
else if (mode === "sink") sinkLoad(JSON.parse(plan) as SinkPlan, say);
else throw new GonaError("USAGE", "load-main.ts send|sink PLAN");
process.exit(0);
