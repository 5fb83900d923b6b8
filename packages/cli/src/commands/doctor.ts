import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { printJson, printTable } from "../output/print.ts";
import { DOCTOR_COLUMNS } from "../output/views.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";
import { readSpecFile } from "./spec-file.ts";

/** What this machine lacks. */
export function addDoctor(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("doctor")
    .argument("[file]", "a spec: also look whether its NICs offer the SR-IOV and macvtaps that it asks for")
    .description("look whether this machine has what GONA needs, and say what to do where it has not (exit code 4)");
  withExample(withDaemon(command), "gona doctor").action(
    run(async (file: string | undefined, options: CommonOptions) => {
      const spec = file === undefined ? undefined : (await readSpecFile(context, file)).parsed.spec;
      const rows = await context.entryPoints.doctor({ runDir: options.runDir, ...(spec && { spec }) });
      const missing = rows.filter(({ state }) => state === "missing").length;
      if (options.json) printJson(context.out, { ok: missing === 0, checks: rows });
      else {
        printTable(context.out, DOCTOR_COLUMNS, rows, "nothing was looked at");
        context.out.write(
          missing === 0 ? "\nGONA can run here.\n" : `\n${missing} missing: GONA cannot run here yet.\n`,
        );
      }
      return missing === 0 ? 0 : 4;
    }),
  );
}
