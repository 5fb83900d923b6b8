import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { checkOffline } from "../offline.ts";
import { printJson } from "../output/print.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";
import { readSpecFile, unlessUnreachable } from "./spec-file.ts";

/** Whether a spec is right and fits; needs no daemon, and asks one about links where it can. */
export function addCheck(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("check")
    .argument("<file>", "the spec, - for standard input")
    .description("say everything that is wrong with a spec, or that it is good and fits");
  withExample(withDaemon(command), "gona check /etc/gona/host.yaml").action(
    run(async (file: string, options: CommonOptions) => {
      const spec = await readSpecFile(context, file);
      const offline = checkOffline(spec, await context.entryPoints.planner());
      const online = await unlessUnreachable(() =>
        context.client(options.runDir).check({ text: spec.text, file: spec.file }),
      );
      const result = online ?? offline;
      if (options.json) {
        printJson(context.out, result);
        return 0;
      }
      context.out.write(`${spec.file}: good: ${result.nics} NICs, ${result.guests} guests, ${result.slices} slices\n`);
      for (const { kind, name, reason } of result.unknownLinks)
        context.out.write(`pending: ${kind} ${name}: ${reason}\n`);
      if (online === undefined)
        context.err.write(`no daemon at ${options.runDir}: whether its links exist was not looked up\n`);
      return 0;
    }),
  );
}
