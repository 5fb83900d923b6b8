import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { SetUpError } from "./set-up-error.mjs";

/** Node 24 runs TypeScript as it stands and has node:sqlite. */
const WANTED = 24;

/**
 * Path of a Node that runs GONA: the one that the lock file pins (an npm package), or else the one that runs this
 * script when it is new enough. Throws SetUpError where there is none for this processor.
 */
export function node24() {
  const pinned = join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split(".")[0]) >= WANTED) return process.execPath;
  throw new SetUpError(
    `Node ${WANTED} is needed: this is ${process.version}, and the npm package with it is not installed`,
    {
      hint:
        process.arch === "x64" || process.arch === "arm64"
          ? "npm ci --include=optional"
          : `install Node ${WANTED} or newer by hand: there is no pinned package for ${process.arch}`,
    },
  );
}

/** Without a warning on each start for what Node 24 calls experimental (node:sqlite). */
export const QUIET_NODE = "--disable-warning=ExperimentalWarning";
