import { join } from "node:path";
import { GonaError } from "@gona/model";

/** Where a daemon is found unless told otherwise. */
export const DEFAULT_RUN_DIR = "/run/gona";
export const DEFAULT_STATE_DIR = "/var/lib/gona";

/** sun_path of unix(7), without its closing zero. */
const MAX_PATH_BYTES = 107;

/** The daemon's unix socket below its run dir. Throws USAGE for a path that no socket can have. */
export function socketPath(runDir: string): string {
  const path = join(runDir, "gona.sock");
  const size = new TextEncoder().encode(path).length;
  if (size <= MAX_PATH_BYTES) return path;
  throw new GonaError("USAGE", `the path of the run dir is too long: its socket's has ${size} bytes`, {
    found: runDir,
    allowed: `at most ${MAX_PATH_BYTES} bytes with /gona.sock`,
  });
}
