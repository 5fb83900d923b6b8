import { join } from "node:path";
import { node24 } from "./node-24.mjs";
import { root } from "./paths.mjs";
import { step } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";

/** @param {string} name */
const tool = (name) => join(root, "node_modules", ".bin", name);

const CHECKS = [
  { name: "types (tsc)", argv: [tool("tsc"), "--noEmit", "-p", "tsconfig.json"] },
  { name: "format and lint (biome)", argv: [tool("biome"), "ci", "--error-on-warnings", "."] },
  { name: "lint with types (oxlint)", argv: [tool("oxlint"), "--type-aware", "--deny-warnings"] },
];

/** Types and lint; each check counts as one test. @returns {Promise<import("./run-level.mjs").Tally>} */
export async function runStaticChecks() {
  // The tools' own start scripts say `env node`: it must be a Node that they accept.
  const env = { PATH: `${join(node24(), "..")}:${process.env.PATH}` };
  /** @type {import("./run-level.mjs").Tally} */
  const tally = { passed: 0, failed: [], skipped: [] };
  for (const { name, argv } of CHECKS) {
    let words = "";
    try {
      await step(name, async () => {
        const { code, output } = await runCommand(argv, { env, deadlineMs: 180_000 });
        words = output.trimEnd();
        if (code !== 0) throw new Error(`${name}: exit code ${code}`);
      });
      tally.passed++;
    } catch (error) {
      console.log(words);
      tally.failed.push(error instanceof Error ? error.message : String(error));
    }
  }
  return tally;
}
