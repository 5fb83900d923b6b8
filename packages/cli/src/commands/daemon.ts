import { DEFAULT_RUN_DIR, DEFAULT_STATE_DIR } from "@gona/api";
import { type Command, Option } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { LogLevel } from "../entry-points.ts";
import { withExample, withJson } from "./command-options.ts";
import { type Run, toExitCode } from "./run.ts";

interface DaemonWords {
  readonly spec?: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly listen?: string;
  readonly teardown?: true;
  readonly logLevel?: LogLevel;
}

/** The daemon itself, in the foreground. */
export function addDaemon(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("daemon")
    .option("--spec <file>", "apply this spec at the start; else the last committed revision goes on")
    .option("--run-dir <dir>", "socket, lock and pinned maps", DEFAULT_RUN_DIR)
    .option("--state-dir <dir>", "revisions and events", DEFAULT_STATE_DIR)
    .option("--listen <addr:port>", "serve TCP too")
    .option("--teardown", "remove everything of GONA's from the kernel, and end")
    .addOption(
      new Option("--log-level <level>", "how much it says").choices(["trace", "debug", "info", "warn", "error"]),
    )
    .description("run the daemon in the foreground; its network namespace is the hub. Its log is JSON, one line each");
  withExample(withJson(command), "gona daemon --spec /etc/gona/host.yaml").action(
    run(async ({ spec, runDir, stateDir, listen, teardown, logLevel }: DaemonWords) => {
      const optional = {
        ...(spec === undefined ? {} : { spec }),
        ...(listen === undefined ? {} : { listen }),
        ...(teardown === undefined ? {} : { teardown }),
        ...(logLevel === undefined ? {} : { logLevel }),
      };
      return toExitCode(await context.entryPoints.daemon({ runDir, stateDir, ...optional, signal: context.signal }));
    }),
  );
}
