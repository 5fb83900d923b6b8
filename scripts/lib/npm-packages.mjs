import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { step } from "./progress.mjs";
import { lastWords, runCommand } from "./run-command.mjs";
import { SetUpError } from "./set-up-error.mjs";

/** @typedef {import("./lock-file.mjs").LockEntry} LockEntry */

/** The `packages` table of a lock file, without the root and the workspaces' own folders. @param {string} file */
function lockedPackages(file) {
  if (!existsSync(file)) return undefined;
  /** @type {{ packages?: Record<string, LockEntry> }} */
  const lock = JSON.parse(readFileSync(file, "utf8"));
  return new Map(Object.entries(lock.packages ?? {}).filter(([path]) => path.startsWith("node_modules/")));
}

/**
 * Why node_modules is not what package-lock.json asks for; undefined when it is. npm itself keeps what it has
 * installed in node_modules/.package-lock.json and writes it last, so an install that was cut off does not count.
 * @param {string} [folder] the checkout
 */
export function npmPackagesLack(folder = root) {
  const wanted = lockedPackages(join(folder, "package-lock.json"));
  if (wanted === undefined) return "package-lock.json is missing";
  const have = lockedPackages(join(folder, "node_modules", ".package-lock.json"));
  if (have === undefined) return "not installed yet";
  for (const [path, entry] of wanted) {
    const found = have.get(path);
    if (found === undefined && isForThisMachine(entry)) return `${path} is missing`;
    if (found === undefined) continue;
    if (found.version !== entry.version || found.integrity !== entry.integrity) return `${path} is another version`;
    if (!existsSync(join(folder, path))) return `${path} was deleted`;
  }
  return undefined;
}

/**
 * npm leaves out optional packages for other machines, which is right; it also leaves out those that it could not
 * get, and then a tool has no binary. @param {LockEntry} entry
 */
function isForThisMachine({ optional, devOptional, os, cpu, libc }) {
  if (optional !== true && devOptional !== true) return true;
  // Without either it is a helper of a package for some other machine.
  if (os === undefined || cpu === undefined) return false;
  return os.includes(process.platform) && cpu.includes(process.arch) && libc?.includes("musl") !== true;
}

/** npm as it runs us, or as found on the PATH. */
const npm = () => {
  const path = process.env.npm_execpath;
  return path !== undefined && /npm-cli\.[cm]?js$/.test(path) ? [process.execPath, path] : ["npm"];
};

/**
 * `npm ci` when the lock file and node_modules differ. Install scripts stay off: koffi, the only package that has
 * one, ships its prebuilt binary as a package. Throws SetUpError.
 */
export async function ensureNpmPackages() {
  const lack = npmPackagesLack();
  if (lack === undefined) return;
  await step(`npm packages (${lack})`, async (note) => {
    const flags = ["--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund"];
    const patience = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000"];
    const result = await runCommand([...npm(), "ci", ...flags, ...patience, "--loglevel=error"], {
      env: { NODE_ENV: undefined },
      deadlineMs: 900_000,
      onLine: note,
    });
    if (result.code === 127)
      throw new SetUpError("npm is missing", { hint: "install npm (Debian: apt-get install npm), then run again" });
    if (result.code !== 0) throw cannotInstall(result);
    const still = npmPackagesLack();
    if (still !== undefined)
      throw new SetUpError(`npm ci said done, and yet ${still}`, { hint: "has the npm registry in use that package?" });
  });
}

/** @param {import("./run-command.mjs").Finished} result */
function cannotInstall(result) {
  const detail = lastWords(result.output);
  if (/EUSAGE|in sync/.test(result.output))
    return new SetUpError("package.json and package-lock.json do not belong together", {
      hint: "npm install, then commit package-lock.json",
      detail,
    });
  if (
    result.code === 124 ||
    /E(NOTFOUND|CONNREFUSED|CONNRESET|TIMEDOUT|AI_AGAIN|HOSTUNREACH|NETUNREACH)|network/i.test(result.output)
  )
    return new SetUpError("the npm registry cannot be reached", {
      hint: "connect this machine to a registry (npm config get registry shows which), then run again",
      detail,
    });
  return new SetUpError("npm ci failed", { hint: "see what it says: npm ci", detail });
}
