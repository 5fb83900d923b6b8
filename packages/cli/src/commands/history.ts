import { GonaError } from "@gona/model";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { printJson, printTable } from "../output/print.ts";
import { REVISION_COLUMNS } from "../output/views.ts";
import { printApplied, REVISION_WORD } from "./apply.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";

/** The revisions of the spec. */
export function addHistory(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("history")
    .description("list the revisions of the spec, newest first; * is the present one");
  withExample(withDaemon(command), "gona history").action(
    run(async (options: CommonOptions) => {
      const revisions = await context.client(options.runDir).history();
      if (options.json) printJson(context.out, revisions);
      else printTable(context.out, REVISION_COLUMNS, revisions, "no spec was applied yet");
      return 0;
    }),
  );
}

/** Back to an earlier revision, as a new one. */
export function addRollback(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("rollback")
    .argument("<revision>", "its number, as `gona history` shows it")
    .description("apply the spec of an earlier revision as a new one");
  withExample(withDaemon(command), "gona rollback 3").action(
    run(async (word: string, options: CommonOptions) => {
      if (!REVISION_WORD.test(word)) {
        throw new GonaError("USAGE", "not a revision", { found: word, allowed: "a number, as gona history shows it" });
      }
      return printApplied(context, await context.client(options.runDir).rollback(Number(word)), options);
    }),
  );
}

/** Everything of GONA's out of the kernel. */
export function addTeardown(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("teardown")
    .requiredOption("--yes", "really: guests lose the network that GONA gives them")
    .description("remove everything of GONA's from the kernel, as applying an empty spec does");
  withExample(withDaemon(command), "gona teardown --yes").action(
    run(async (options: CommonOptions) =>
      printApplied(context, await context.client(options.runDir).teardown(), options),
    ),
  );
}
