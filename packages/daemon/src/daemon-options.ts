import { socketPath } from "@gona/api";
import { GonaError } from "@gona/model";
import type { LogLevel } from "./logger.ts";

/** What `gona daemon` was asked for. */
export interface DaemonOptions {
  /** File applied at the start; without it the last committed revision goes on. */
  readonly spec?: string;
  /** Holds the lock, the socket, the pid file and the bpffs. */
  readonly runDir: string;
  /** Holds the database. */
  readonly stateDir: string;
  /** `ADDR:PORT`; refused in this version. */
  readonly listen?: string;
  /** Removes everything of GONA's from the kernel, and ends. */
  readonly teardown?: boolean;
  /** `info` unless given. */
  readonly logLevel?: LogLevel;
  /** Stops it cleanly; the data plane goes on. The command line ends it at SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
}

/** Throws USAGE for what this version does not do, and for a run dir that can have no socket. */
export function checkOptions({ listen, teardown, spec, runDir }: DaemonOptions): void {
  socketPath(runDir);
  if (listen !== undefined) {
    const hint = "leave --listen out; clients use the socket in --run-dir";
    throw new GonaError("USAGE", "TCP needs TLS and a token: not supported yet", { found: listen, hint });
  }
  if (teardown === true && spec !== undefined) {
    throw new GonaError("USAGE", "--teardown removes what a spec would set up: give one of the two");
  }
}
