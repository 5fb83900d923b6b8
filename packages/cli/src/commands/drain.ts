import type { DrainResult } from "@gona/api";
import type { Command } from "commander";
import type { CliContext, ExitCode } from "../cli-context.ts";
import { printJson } from "../output/print.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";

const KB = 1000;

/** Takes a NIC out of use, for work on its cable, switch or driver. */
export function addDrain(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("drain")
    .argument("<nic>", "the NIC, as in the spec")
    .description("move every guest that has another NIC off this one, without a lost packet, until undrain");
  withExample(withDaemon(command), "gona drain eth1").action(
    run(async (nic: string, options: CommonOptions) =>
      printDrained(context, await context.client(options.runDir).drain(nic), options),
    ),
  );
}

/** Gives a drained NIC back. */
export function addUndrain(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("undrain")
    .argument("<nic>", "the NIC, as in the spec")
    .description("use a drained NIC again");
  withExample(withDaemon(command), "gona undrain eth1").action(
    run(async (nic: string, options: CommonOptions) =>
      printDrained(context, await context.client(options.runDir).undrain(nic), options),
    ),
  );
}

function printDrained({ out }: CliContext, result: DrainResult, options: CommonOptions): ExitCode {
  if (options.json) {
    printJson(out, result);
    return 0;
  }
  const { nic, drained, stayed, waitingBytes, durationMs } = result;
  out.write(`${nic} is ${drained ? "drained" : "in use again"} after ${durationMs.toFixed(0)} ms\n`);
  if (waitingBytes > 0) out.write(`${(waitingBytes / KB).toFixed(0)} kB still wait in its queues\n`);
  if (stayed.length > 0) out.write(`still on it, with no other NIC that lives: ${stayed.join(", ")}\n`);
  return 0;
}
