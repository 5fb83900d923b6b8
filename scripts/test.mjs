// npm test: set-up, types, lint, and the four levels of tests. The last line is `N passed, N failed, N skipped`.
import { ensureDomainKernel, ensureGuestKernel } from "./lib/guest-kernel.mjs";
import { kernelLacks, sandboxLack } from "./lib/kernel-lacks.mjs";
import { RUN_DEADLINE_MS } from "./lib/levels.mjs";
import { runLevel } from "./lib/run-level.mjs";
import { setUp } from "./lib/set-up.mjs";
import { SetUpError } from "./lib/set-up-error.mjs";
import { runStaticChecks } from "./lib/static-checks.mjs";
import { testRequest } from "./lib/test-arguments.mjs";

const MISSING_CAPABILITY = 4;
const beganMs = performance.now();
const inCi = process.env.CI === "true";

/** @typedef {import("./lib/levels.mjs").Level} Level */

/** @param {Level} level @param {import("./lib/set-up.mjs").Lacks} lacks @param {readonly SetUpError[]} kernel */
async function whyNot(level, lacks, kernel) {
  const npm = lacks.get("npm");
  if (npm !== undefined) return npm;
  if (!level.root) return undefined;
  const lack = lacks.get("debian") ?? lacks.get("bpf") ?? kernel[0];
  if (lack !== undefined || !level.guests) return lack;
  return ensureGuestKernel()
    .then(ensureDomainKernel)
    .then(() => undefined, asLack);
}

/** @param {unknown} error */
function asLack(error) {
  if (error instanceof SetUpError) return error;
  throw error;
}

/** @param {import("./lib/test-arguments.mjs").TestRequest} request */
async function main(request) {
  const lacks = await setUp("test");
  for (const lack of lacks.values()) console.error(lack.report());
  const wantsKernel = request.levels.some((level) => level.root);
  const kernel = wantsKernel && lacks.size === 0 ? await kernelLacks() : [];
  const sandbox = wantsKernel && kernel.length === 0 ? await sandboxLack() : undefined;
  if (sandbox !== undefined) kernel.push(sandbox);
  for (const lack of kernel) console.error(lack.report());

  /** @type {import("./lib/run-level.mjs").Tally} */
  const all = { passed: 0, failed: [], skipped: [] };
  /** @param {import("./lib/run-level.mjs").Tally} tally */
  const add = (tally) => {
    all.passed += tally.passed;
    all.failed.push(...tally.failed);
    all.skipped.push(...tally.skipped);
  };
  if (request.checks && lacks.get("npm") === undefined) add(await runStaticChecks());
  for (const level of request.levels) {
    const lack = await whyNot(level, lacks, kernel);
    if (lack === undefined) {
      console.log(`\nlevel ${level.name}`);
      add(await runLevel(level, request, RUN_DEADLINE_MS - (performance.now() - beganMs)));
    } else (inCi ? all.failed : all.skipped).push(`level ${level.name} was not run: ${lack.message}`);
  }

  console.log("");
  for (const line of all.skipped) console.log(`skipped: ${line}`);
  for (const line of all.failed) console.log(`failed: ${line}`);
  console.log(`${all.passed} passed, ${all.failed.length} failed, ${all.skipped.length} skipped`);
  if (all.failed.length > 0) return 1;
  // Nothing went wrong, and nothing was tested either: no success.
  return all.passed > 0 ? 0 : MISSING_CAPABILITY;
}

try {
  process.exitCode = await main(testRequest(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? (error.name === "Error" ? error.message : error.stack) : String(error));
  process.exitCode = 2;
}
