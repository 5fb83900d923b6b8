import { GonaError } from "@gona/model";
import { readPid } from "./host-dirs.ts";

/** Does something that only one daemon may; a DAEMON_RUNNING then names the process that holds the run dir. */
export function sayingWho<T>(runDir: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const pid = readPid(runDir);
    if (!(error instanceof GonaError) || error.code !== "DAEMON_RUNNING" || pid === undefined) throw error;
    throw new GonaError("DAEMON_RUNNING", `${error.message} (pid ${pid})`, error.detail, { cause: error });
  }
}
