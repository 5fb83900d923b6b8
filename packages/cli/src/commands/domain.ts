import { GonaError } from "@gona/model";
import type { Command } from "commander";
import type { CliContext, ExitCode } from "../cli-context.ts";
import { printJson } from "../output/print.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";

const ACTIONS = { restart, exec } as const;

/** What is done to driver domains. */
export function addDomain(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("domain")
    .argument("<action>", Object.keys(ACTIONS).join(" or "))
    .argument("<domain>", "the driver domain, as in the spec")
    .argument("[script]", "exec: for the virtual machine's shell")
    .description(
      "restart: replace what runs a driver domain (the agent of a namespace, the virtual machine); clears a failure\n" +
        "exec: run a shell script in a driver domain's virtual machine, to look at its NICs and drivers",
    );
  withExample(withDaemon(command), "gona domain restart dd-intel", "gona domain exec dd-vm 'dmesg | tail'").action(
    run(async (action: string, name: string, script: string | undefined, options: CommonOptions) => {
      const act = Object.entries(ACTIONS).find(([word]) => word === action)?.[1];
      if (act === undefined) {
        const allowed = Object.keys(ACTIONS).join(", ");
        throw new GonaError("USAGE", "unknown word after domain", { found: action, allowed });
      }
      return act(context, { name, script, options });
    }),
  );
}

interface Asked {
  readonly name: string;
  readonly script: string | undefined;
  readonly options: CommonOptions;
}

async function restart(context: CliContext, { name, script, options }: Asked): Promise<ExitCode> {
  if (script !== undefined) throw new GonaError("USAGE", "domain restart takes one domain", { found: script });
  const { out } = context;
  const result = await context.client(options.runDir).domainRestart(name);
  const { state, pid } = result.domain;
  if (options.json) printJson(out, result);
  else out.write(`${name} is ${state} again after ${result.durationMs.toFixed(0)} ms, pid ${pid}\n`);
  return 0;
}

/** Ends with 1 where the script ended with something else than 0. */
async function exec(context: CliContext, { name, script, options }: Asked): Promise<ExitCode> {
  if (script === undefined) throw new GonaError("USAGE", "domain exec needs a script for the virtual machine's shell");
  const { out, err } = context;
  const result = await context.client(options.runDir).domainExec(name, script);
  if (options.json) printJson(out, result);
  else {
    out.write(result.output);
    if (result.code !== 0) err.write(`the script ended with exit code ${result.code}\n`);
  }
  return result.code === 0 ? 0 : 1;
}
