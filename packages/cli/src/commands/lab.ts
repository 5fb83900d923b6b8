import { Argument, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { LabRequest } from "../entry-points.ts";
import { withExample, withJson } from "./command-options.ts";
import { type Run, toExitCode } from "./run.ts";

interface LabWords {
  readonly json?: true;
  readonly once?: true;
  readonly report?: string;
}

/** Test beds on this machine: namespaces, bridges, traffic and cut cables. */
export function addLab(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("lab")
    .addArgument(new Argument("<action>", "what to do").choices(["list", "up", "down", "run"]))
    .argument("[scenario]", "a name of `gona lab list`, or a YAML file")
    .option("--once", "end after the last phase, with exit code 0 only if every promise was kept")
    .option("--report <file>", "where the HTML report goes")
    .description("build a test bed in namespaces and run the real daemon in it");
  withExample(withJson(command), "gona lab run quick-start --once", "gona lab down").action(
    run(async (action: LabRequest["action"], scenario: string | undefined, words: LabWords) => {
      const { out, err, signal, entryPoints } = context;
      const { report } = words;
      const optional = { ...(scenario === undefined ? {} : { scenario }), ...(report === undefined ? {} : { report }) };
      const chosen = { action, ...optional, once: words.once === true, json: words.json === true };
      return toExitCode(await entryPoints.lab({ ...chosen, out, err, signal }));
    }),
  );
}
