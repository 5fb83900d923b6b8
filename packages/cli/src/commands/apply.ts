import type { ApplyResult } from "@gona/api";
import type { Command } from "commander";
import type { CliContext, ExitCode } from "../cli-context.ts";
import { printJson } from "../output/print.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";
import { readSpecFile } from "./spec-file.ts";

/** Says what an apply, a rollback or a teardown did. */
export function printApplied({ out }: CliContext, result: ApplyResult, options: CommonOptions): ExitCode {
  if (options.json) {
    printJson(out, result);
    return 0;
  }
  const what = result.changed ? `revision ${result.revision}` : `revision ${result.revision} as before`;
  out.write(`${what}: ${result.steps} changes in ${result.durationMs.toFixed(1)} ms\n`);
  for (const { kind, name, reason } of result.pending) out.write(`pending: ${kind} ${name}: ${reason}\n`);
  return 0;
}

/** Converges the host to a spec, or leaves it as it was. */
export function addApply(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("apply")
    .argument("<file>", "the spec, - for standard input")
    .description("converge the host to a spec; if a step fails, everything is put back");
  withExample(withDaemon(command), "gona apply host.yaml").action(
    run(async (file: string, options: CommonOptions) => {
      const { text, file: name } = await readSpecFile(context, file);
      return printApplied(context, await context.client(options.runDir).apply({ text, file: name }), options);
    }),
  );
}

/** A revision's number as a word of a command line. */
export const REVISION_WORD = /^[1-9]\d{0,14}$/;
