import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { printJson } from "../output/print.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";

/** What is done to driver domains. */
export function addDomain(program: Command, context: CliContext, run: Run): void {
  const { out } = context;
  const domain = program.command("domain").description("driver domains: restart what runs one");
  const restart = domain
    .command("restart")
    .argument("<domain>", "the driver domain, as in the spec")
    .description("restart what runs a domain (the agent of a namespace, the virtual machine); clears a failure");
  withExample(withDaemon(restart), "gona domain restart dd-intel").action(
    run(async (name: string, options: CommonOptions) => {
      const result = await context.client(options.runDir).domainRestart(name);
      if (options.json) printJson(out, result);
      else
        out.write(
          `${name} is ${result.domain.state} again after ${result.durationMs.toFixed(0)} ms, pid ${result.domain.pid}\n`,
        );
      return 0;
    }),
  );
}
