import { join } from "node:path";

/** Where a daemon is found unless told otherwise. */
export const DEFAULT_RUN_DIR = "/run/gona";
export const DEFAULT_STATE_DIR = "/var/lib/gona";

/** The daemon's unix socket below its run dir. */
export const socketPath = (runDir: string): string => join(runDir, "gona.sock");
