import { Command } from "commander";
import type { CliContext, ExitCode } from "./cli-context.ts";
import { addApply } from "./commands/apply.ts";
import { addBench } from "./commands/bench.ts";
import { addCheck } from "./commands/check.ts";
import { withExample } from "./commands/command-options.ts";
import { addDaemon } from "./commands/daemon.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addDomain } from "./commands/domain.ts";
import { addDrain, addUndrain } from "./commands/drain.ts";
import { addExplain } from "./commands/explain.ts";
import { addGet } from "./commands/get.ts";
import { addHistory, addRollback, addTeardown } from "./commands/history.ts";
import { addLab } from "./commands/lab.ts";
import { addPlan } from "./commands/plan.ts";
import type { Run } from "./commands/run.ts";
import { addDump, addStatus } from "./commands/status.ts";

/** In the order of the help. */
const COMMANDS = [
  addDaemon,
  addCheck,
  addPlan,
  addApply,
  addStatus,
  addGet,
  addExplain,
  addDrain,
  addUndrain,
  addDomain,
  addHistory,
  addRollback,
  addTeardown,
  addDump,
  addDoctor,
  addLab,
  addBench,
] as const;

/** The words of `gona`; each command hands its exit code to `done`. */
export function buildProgram(context: CliContext, done: (code: ExitCode) => void): Command {
  const run: Run =
    (action) =>
    async (...args) =>
      done(await action(...args));
  const program = new Command("gona")
    .description("Guest-Oriented Network Aggregation: every guest its own share of the host's NICs")
    .version(context.version, "--version", "print the version")
    .helpOption("-h, --help", "show this help")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.out.write(text),
      writeErr: (text) => context.err.write(text),
      getOutHelpWidth: () => context.out.columns ?? 100,
      getErrHelpWidth: () => context.err.columns ?? 100,
      getOutHasColors: () => context.out.colour,
      getErrHasColors: () => context.err.colour,
      // Said by runCli, in the words of all other errors.
      outputError: () => undefined,
    });
  for (const add of COMMANDS) add(program, context, run);
  for (const command of program.commands) command.copyInheritedSettings(program);
  program.addHelpText(
    "after",
    "\nExit codes: 0 done, 1 failed, 2 bad input, 3 the daemon cannot be reached, 4 something needed is missing (gona doctor).",
  );
  return withExample(program, "gona check host.yaml && gona apply host.yaml");
}
