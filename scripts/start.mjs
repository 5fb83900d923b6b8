// npm start: set-up, then the quick start (`npm start -- --once` ends by itself). Where the machine does not allow
// a data path, the plan for the quick-start host and what is missing; exit 4.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { follow } from "./lib/follow.mjs";
import { kernelLacks } from "./lib/kernel-lacks.mjs";
import { node24, QUIET_NODE } from "./lib/node-24.mjs";
import { root } from "./lib/paths.mjs";
import { lastWords, runCommand } from "./lib/run-command.mjs";
import { setUp } from "./lib/set-up.mjs";

const MISSING_CAPABILITY = 4;
const gona = join(root, "gona");

/** What the daemon would do, worked out without one. */
async function showPlan() {
  const reader = fileURLToPath(new URL("lib/scenario-spec.mjs", import.meta.url));
  const spec = await runCommand([node24(), QUIET_NODE, reader, "quick-start"]);
  if (spec.code !== 0) throw new Error(`the quick start's spec cannot be read:\n${lastWords(spec.output)}`);
  const plan = await runCommand([gona, "plan", "-"], { input: spec.stdout });
  console.log(`The plan for the quick-start host (nothing was changed):\n\n${plan.output}`);
}

/** @param {readonly string[]} args @returns {Promise<number>} */
async function main(args) {
  const lacks = await setUp("run");
  if (lacks.has("npm")) {
    for (const lack of lacks.values()) console.error(lack.report());
    return MISSING_CAPABILITY;
  }
  const missing = lacks.size > 0 ? [...lacks.values()] : await kernelLacks();
  if (missing.length === 0) return follow([gona, "lab", "run", "quick-start", ...args]);
  await showPlan();
  console.error("\nThe quick start itself cannot run here:");
  for (const lack of missing) console.error(lack.report());
  return MISSING_CAPABILITY;
}

process.exitCode = await main(process.argv.slice(2));
