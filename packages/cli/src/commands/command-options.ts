import { DEFAULT_RUN_DIR } from "@gona/api";
import type { Command } from "commander";

export interface CommonOptions {
  readonly json?: true;
  readonly runDir: string;
}

/** `--json`, which every command has. */
export const withJson = (command: Command): Command =>
  command.option("--json", "print JSON (docs/cli.md has the shapes); errors as JSON on standard error");

/** `--json` and `--run-dir`, for commands that talk to a daemon. */
export const withDaemon = (command: Command): Command =>
  withJson(command).option("--run-dir <dir>", "the daemon's run dir", DEFAULT_RUN_DIR);

/** Shown below a command's options. */
export const withExample = (command: Command, ...lines: readonly string[]): Command =>
  command.addHelpText("after", `\nExample:\n${lines.map((line) => `  $ ${line}`).join("\n")}`);
