import type { Command } from "commander";
import type { CliContext, ExitCode } from "../cli-context.ts";
import { planOffline } from "../offline.ts";
import { planText } from "../output/plan-text.ts";
import { printJson } from "../output/print.ts";
import { painter } from "../output/style.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";
import { readSpecFile, unlessUnreachable } from "./spec-file.ts";

/** What applying a spec would do, from the daemon's state, or for an empty host where there is no daemon. */
export function addPlan(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("plan")
    .argument("<file>", "the spec, - for standard input")
    .description(
      "show what applying a spec would change, whether it fits, also with one NIC lost, and what would fit; changes nothing",
    );
  withExample(withDaemon(command), "gona plan host.yaml").action(
    run(async (file: string, options: CommonOptions): Promise<ExitCode> => {
      const spec = await readSpecFile(context, file);
      const online = await unlessUnreachable(() =>
        context.client(options.runDir).plan({ text: spec.text, file: spec.file }),
      );
      const plan = online ?? planOffline(spec, await context.entryPoints.planner());
      if (online === undefined)
        context.err.write(`no daemon at ${options.runDir}: this is the plan for an empty host\n`);
      if (options.json) printJson(context.out, plan);
      else context.out.write(planText(plan, painter(context.out.colour)));
      return plan.fits ? 0 : 2;
    }),
  );
}
