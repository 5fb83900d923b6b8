import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { faultOfSkip } from "./allowed-skips.mjs";
import { node24, QUIET_NODE } from "./node-24.mjs";
import { root } from "./paths.mjs";

/** @typedef {{ passed: number, failed: string[], skipped: string[] }} Tally `failed` and `skipped` are lines for the report */

/** @param {string} name */
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Runs one level of tests with vitest's own output on this terminal, and counts.
 * @param {import("./levels.mjs").Level} level
 * @param {Pick<import("./test-arguments.mjs").TestRequest, "files" | "pass">} request
 * @param {number} leftMs of the whole run
 * @returns {Promise<Tally>}
 */
export async function runLevel(level, { files, pass }, leftMs) {
  const folder = mkdtempSync(join(tmpdir(), "gona-level-"));
  const countFile = join(folder, "count.json");
  const leftoversFile = join(folder, "leftovers.json");
  try {
    const node = node24();
    const narrowed = files.length > 0 || pass.length > 0;
    const vitest = [
      ...[node, QUIET_NODE, join(root, "node_modules", "vitest", "vitest.mjs"), "run", "--project", level.name],
      ...["--reporter=default", `--reporter=${beside("counting-reporter.mjs")}`, "--allowOnly=false"],
      // Needs no place to write a compiled configuration: the checkout may be another user's.
      ...["--configLoader=native", ...(process.stdout.isTTY ? [] : ["--no-color"])],
      ...(narrowed ? ["--passWithNoTests"] : []),
      ...[...pass, ...files],
    ];
    const run = level.root ? [beside("sandbox.sh"), leftoversFile, node, ...vitest] : vitest;
    // Whatever ends us ends the tests too, and with the sandbox's first process goes all that is in it.
    const argv = ["setpriv", "--pdeathsig", "KILL", ...run];
    // As ./gona has it: tests start hundreds of probers, each of which costs 0.3 s of a CPU with it and 0.75 s without.
    const NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? join(root, "build/node-cache");
    const deadlineMs = Math.max(0, Math.min(level.deadlineMs, leftMs));
    const end = await follow(argv, deadlineMs, {
      ...{ GONA_TEST_COUNT: countFile, NODE_OPTIONS: QUIET_NODE, NODE_COMPILE_CACHE },
    });
    const count = readJson(
      countFile,
      /** @type {import("./counting-reporter.mjs").LevelCount | undefined} */ (undefined),
    );
    // With -t, vitest calls skipped what was not asked for.
    if (count !== undefined && pass.length > 0) count.skipped = count.skipped.filter((skip) => skip.note !== undefined);
    const tally = await tallyOf(level.name, count, end);
    if (level.root && count !== undefined) tally.failed.push(...left(level.name, readJson(leftoversFile, undefined)));
    return tally;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} level @param {import("./counting-reporter.mjs").LevelCount | undefined} count @param {string} end */
async function tallyOf(level, count, end) {
  if (count === undefined) return { passed: 0, failed: [`level ${level}: ${end}, and no result`], skipped: [] };
  /** @type {Tally} */
  const tally = { passed: count.passed, failed: [...count.failed], skipped: [] };
  for (const skip of count.skipped) {
    const fault = await faultOfSkip(skip);
    if (fault === undefined) tally.skipped.push(`${skip.name}: ${skip.note}`);
    else tally.failed.push(`${skip.name}: ${fault}`);
  }
  if (end !== "exit code 0" && tally.failed.length === 0) tally.failed.push(`level ${level}: ${end}`);
  return tally;
}

/** @param {string} level @param {string[] | undefined} found */
const left = (level, found) =>
  found === undefined
    ? [`level ${level}: could not look for what the tests left behind`]
    : found.map((what) => `level ${level} left behind: ${what}`);

/**
 * Runs a command on this terminal; how it ended, in words.
 * @param {readonly string[]} argv @param {number} deadlineMs @param {Record<string, string>} env
 * @returns {Promise<string>}
 */
function follow(argv, deadlineMs, env) {
  const [program = "", ...rest] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, rest, { cwd: root, env: { ...process.env, ...env }, stdio: "inherit" });
    // Ctrl-C reaches the tests as well; they end, and then we say so.
    process.on("SIGINT", () => undefined);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, deadlineMs);
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (late) resolve(`not done after ${(deadlineMs / 60_000).toFixed(1)} minutes`);
      else resolve(signal === null ? `exit code ${code}` : `ended by ${signal}`);
    });
  });
}

/** @template T @param {string} file @param {T} absent @returns {T} */
function readJson(file, absent) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return absent; // it was never written: the caller says so
  }
}
