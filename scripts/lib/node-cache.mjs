import { accessSync, constants, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { node24, QUIET_NODE } from "./node-24.mjs";
import { inBuild, root } from "./paths.mjs";
import { step } from "./progress.mjs";
import { lastWords, runCommand } from "./run-command.mjs";

/** As the launcher `gona` names it. */
const CACHE = inBuild("node-cache");
const STAMP = join(CACHE, "sources");
const FILLER = fileURLToPath(new URL("fill-node-cache.mjs", import.meta.url));

/** Of daemons, as the launcher `gona` has them: with --expose-gc Node keeps things apart from those without. */
export const DAEMON_FLAGS = ["--expose-gc", "--max-semi-space-size=16"];

/**
 * Has Node keep GONA's sources without their types, when they have changed. A process that strips types itself holds
 * 28 MB for that as long as it lives, and a daemon lives long; it starts in half the time, too. Where this fails,
 * Node strips them at each start, and says what is wrong with them.
 */
export async function ensureNodeCache() {
  const state = sourcesState();
  if (stamp() === state || !isWritable()) return;
  await step("GONA's own sources, without types", async () => {
    for (const flags of [[], DAEMON_FLAGS]) {
      const command = [node24(), QUIET_NODE, ...flags, FILLER];
      const result = await runCommand(command, { env: { NODE_COMPILE_CACHE: CACHE } });
      if (result.code !== 0) return console.log(lastWords(result.output));
    }
    writeFileSync(STAMP, state);
  });
}

/** In a checkout of somebody else's it may not be. */
function isWritable() {
  try {
    mkdirSync(CACHE, { recursive: true });
    accessSync(CACHE, constants.W_OK);
    return true;
  } catch {
    return false; // EACCES, EROFS: as where Node is told of no cache
  }
}

/** Another text when a source was added, removed or written. */
function sourcesState() {
  const files = sources(join(root, "packages"));
  const newestMs = files.reduce((newest, file) => Math.max(newest, statSync(file).mtimeMs), 0);
  return `${files.length} files, the newest of ${newestMs}, ${node24()}\n`;
}

/** @param {string} directory @returns {string[]} */
function sources(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : sources(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

function stamp() {
  try {
    return readFileSync(STAMP, "utf8");
  } catch {
    return undefined; // not filled yet
  }
}
