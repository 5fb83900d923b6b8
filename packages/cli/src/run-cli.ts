import { toErrorBody } from "@gona/api";
import { ERROR_CATALOGUE, formatErrors, GonaError, SpecErrors } from "@gona/model";
import { CommanderError } from "commander";
import type { CliContext, ExitCode } from "./cli-context.ts";
import { printJson } from "./output/print.ts";
import { painter } from "./output/style.ts";
import { buildProgram } from "./program.ts";

/** A spec with everything wrong fills no screen after the first. */
const MOST_ERRORS = 50;

/** Commands that the daemon carries out whole, whether or not anybody waits for the answer. */
const CHANGES: ReadonlySet<string> = new Set(["apply", "rollback", "teardown"]);

/** Any error as a GonaError: what commander says is USAGE, what nobody foresaw is a BUG. */
function asGonaError(error: unknown): GonaError {
  if (error instanceof GonaError) return error;
  if (error instanceof CommanderError) {
    const [message = "", hint] = error.message.replace(/^error: /, "").split("\n");
    return new GonaError("USAGE", message, hint === undefined ? {} : { hint: hint.replace(/^\((.*)\)$/, "$1") });
  }
  return new GonaError("BUG", error instanceof Error ? error.message : String(error), {}, { cause: error });
}

function causes(error: GonaError): readonly string[] {
  const lines: string[] = [];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!error.message.includes(cause.message)) lines.push(`  because: ${cause.message}`);
  }
  return lines;
}

function tell({ err }: CliContext, error: GonaError, json: boolean): void {
  if (json) {
    printJson(err, toErrorBody(error));
    return;
  }
  const paint = painter(err.colour);
  const lines = formatErrors(error).split("\n");
  const shown = error instanceof SpecErrors ? lines.slice(0, MOST_ERRORS) : lines;
  for (const line of shown) err.write(`${paint("error", "red")}: ${line}\n`);
  if (shown.length < lines.length) err.write(`and ${lines.length - shown.length} more\n`);
  for (const line of causes(error)) err.write(`${line}\n`);
  if (ERROR_CATALOGUE[error.code].fault === "bug" && error.cause instanceof Error)
    err.write(`${error.cause.stack ?? ""}\n`);
  if (error.code === "USAGE") err.write("gona --help shows what there is\n");
}

/**
 * Runs one command line and returns its exit code. Results go to `out`, everything else to `err`;
 * nothing is thrown.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let code: ExitCode = 0;
  try {
    await buildProgram(context, (done) => {
      code = done;
    }).parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    // Help and version come as errors that are none; `gona` without a word shows the help and is one.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError && error.code === "commander.help") return ERROR_CATALOGUE.USAGE.exitCode;
    if (context.signal.aborted) {
      const begun = args.some((word) => CHANGES.has(word));
      context.err.write(
        begun ? "interrupted; what the daemon has begun goes on: gona history says how it ended\n" : "interrupted\n",
      );
      return 1;
    }
    const told = asGonaError(error);
    tell(context, told, args.includes("--json"));
    return told.exitCode;
  }
}
