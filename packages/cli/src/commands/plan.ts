import type { PlanResult } from "@gona/api";
import type { Command } from "commander";
import type { CliContext, ExitCode } from "../cli-context.ts";
import { type NicLoss, nicLosses } from "../nic-loss.ts";
import { planOffline } from "../offline.ts";
import { printJson } from "../output/print.ts";
import { painter } from "../output/style.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";
import { readSpecFile, unlessUnreachable } from "./spec-file.ts";

function printPlan({ out }: CliContext, plan: PlanResult, losses: readonly NicLoss[]): void {
  const paint = painter(out.colour);
  for (const { path, message, allowed, hint } of plan.findings) {
    const more = [allowed === undefined ? "" : `, allowed: ${allowed}`, hint === undefined ? "" : ` (${hint})`];
    out.write(`${paint("does not fit", "red")}: ${path}: ${message}${more.join("")}\n`);
  }
  if (plan.fits) {
    const count = plan.steps.length;
    out.write(
      count === 0
        ? "fits; nothing to do\n"
        : `fits; ${count} step${count === 1 ? "" : "s"} from revision ${plan.revision}:\n`,
    );
    for (const step of plan.steps)
      out.write(`  ${paint(step.kind === "set" ? "+" : "-", step.kind === "set" ? "green" : "red")} ${step.text}\n`);
  }
  for (const { kind, name, reason } of plan.pending)
    out.write(`${paint("pending", "yellow")}: ${kind} ${name}: ${reason}\n`);
  for (const { nic, degraded, cutOff } of losses) {
    const words = [
      degraded.length === 0 ? "" : `${list(degraded)} ${degraded.length === 1 ? "goes" : "go"} on with fewer slices`,
      cutOff.length === 0 ? "" : paint(`cut off: ${list(cutOff)}`, "yellow"),
    ].filter((part) => part !== "");
    out.write(`without ${nic}: ${words.length === 0 ? "nobody would notice" : words.join("; ")}\n`);
  }
}

/** The first few of many names. */
const list = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(", ") : `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`;

/** What applying a spec would do, from the daemon's state, or for an empty host where there is no daemon. */
export function addPlan(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("plan")
    .argument("<file>", "the spec, - for standard input")
    .description(
      "show what applying a spec would change, and whether it fits, also with one NIC lost; changes nothing",
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
      const withoutNic = nicLosses(spec.parsed.spec);
      if (options.json) printJson(context.out, { ...plan, withoutNic });
      else printPlan(context, plan, withoutNic);
      return plan.fits ? 0 : 2;
    }),
  );
}
