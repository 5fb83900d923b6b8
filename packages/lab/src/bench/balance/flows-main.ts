/**
 * The load of `gona bench balance`: `flows-main.ts flows|bursts|receive PLAN` with PLAN as JSON (flow-plan.ts).
 * Prints lines of JSON; sends from the first line of its input on; ends when its input does.
 */
import { writeSync } from "node:fs";
import { GonaError } from "@gona/model";
import type { BurstPlan, FlowMessage, FlowPlan, ReceivePlan } from "./flow-plan.ts";
import { receiveFlows } from "./receive-flows.ts";
import { sendBursts } from "./send-bursts.ts";
import { sendFlows } from "./send-flows.ts";

const [mode, plan = "{}"] = process.argv.slice(2);
const say = (message: FlowMessage): void => {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let from = 0; from < line.length; ) from += writeSync(1, line, from);
};
if (mode === "flows") sendFlows(JSON.parse(plan) as FlowPlan, say);
else if (mode === "bursts") sendBursts(JSON.parse(plan) as BurstPlan, say);
else if (mode === "receive") receiveFlows(JSON.parse(plan) as ReceivePlan, say);
else throw new GonaError("USAGE", "flows-main.ts flows|bursts|receive PLAN");
process.exit(0);
