import { GonaError } from "@gona/model";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { printJson } from "../output/print.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";

/** What is done to driver domains. */
export function addDomain(program: Command, context: CliContext, run: Run): void {
  const { out } = context;
  const command = program
    .command("domain")
    .argument("<action>", "restart")
    .argument("<domain>", "the driver domain, as in the spec")
    .description(
      "restart: replace what runs a driver domain (the agent of a namespace, the virtual machine); clears a failure",
    );
  withExample(withDaemon(command), "gona domain restart dd-intel").action(
    run(async (action: string, name: string, options: CommonOptions) => {
      if (action !== "restart") {
        throw new GonaError("USAGE", "unknown word after domain", { found: action, allowed: "restart" });
      }
      const result = await context.client(options.runDir).domainRestart(name);
      const { state, pid } = result.domain;
      if (options.json) printJson(out, result);
      else out.write(`${name} is ${state} again after ${result.durationMs.toFixed(0)} ms, pid ${pid}\n`);
      return 0;
    }),
  );
}
