import { readdirSync } from "node:fs";
import { GonaError } from "@gona/model";
import { LABS_DIR } from "./bed/lab-paths.ts";
import { ownerOf } from "./bed/sweep.ts";
import { labList } from "./lab-list.ts";
import { labRun } from "./lab-run.ts";
import { labDown, labUp } from "./lab-up.ts";
import { SILENT_SINK, type TextSink } from "./run/text-sink.ts";
import { labName } from "./scenario/find-scenario.ts";

/** The words of `gona lab`; the CLI's LabRequest has this shape. */
export interface LabCommand {
  readonly action: "up" | "down" | "run" | "list";
  /** A name or a file; for `down` also absent: all labs. */
  readonly scenario?: string;
  readonly once: boolean;
  /** HTML. */
  readonly report?: string;
  readonly json: boolean;
  readonly out: TextSink;
  readonly err: TextSink;
  readonly signal: AbortSignal;
}

/** Runs `gona lab …`; returns the exit code: 0, or 1 when a promise was not kept. Throws GonaError. */
export async function runLab(command: LabCommand): Promise<number> {
  const { action, json, out } = command;
  switch (action) {
    case "list":
      return list(json, out);
    case "up":
      return up(named(command), json, out);
    case "down":
      return down(command.scenario, json, out);
    case "run":
      return run(command);
  }
}

function named({ action, scenario }: LabCommand): string {
  if (scenario !== undefined) return scenario;
  throw new GonaError("USAGE", `gona lab ${action} wants a scenario`, { hint: "gona lab list shows them" });
}

const printJson = (out: TextSink, value: unknown): void => out.write(`${JSON.stringify(value, undefined, 2)}\n`);

function list(json: boolean, out: TextSink): number {
  const scenarios = labList();
  if (json) printJson(out, scenarios);
  else {
    const width = Math.max(...scenarios.map(({ name }) => name.length));
    for (const { name, title, up: isUp } of scenarios)
      out.write(`${name.padEnd(width)}  ${title}${isUp ? "  (up)" : ""}\n`);
  }
  return 0;
}

async function up(scenario: string, json: boolean, out: TextSink): Promise<number> {
  const lab = await labUp(scenario);
  if (json) printJson(out, { name: lab.name, namespaces: lab.namespaces, runDir: lab.paths.daemonRun });
  else {
    out.write(
      [
        `Lab ${lab.name} is up, with the daemon in its hub.`,
        `  ask the daemon:   gona status --run-dir ${lab.paths.daemonRun}`,
        `  look around:      nsenter --net=/run/netns/${lab.hub} ip link`,
        `  its namespaces:   ${lab.namespaces.join(" ")}`,
        `  take it down:     gona lab down ${lab.name}\n`,
      ].join("\n"),
    );
  }
  return 0;
}

/** Without a name: all but those that a living process runs. */
async function down(scenario: string | undefined, json: boolean, out: TextSink): Promise<number> {
  const labs = scenario === undefined ? standing() : [labName(scenario)];
  const running = scenario === undefined ? labs.filter((lab) => ownerOf(lab) !== undefined) : [];
  const removed = labs.filter((lab) => !running.includes(lab));
  for (const lab of removed) await labDown(lab);
  if (json) printJson(out, { removed, running });
  else {
    out.write(removed.length === 0 ? "No lab is up.\n" : `Removed: ${removed.join(" ")}\n`);
    if (running.length > 0) out.write(`Being run, left alone: ${running.join(" ")}\n`);
  }
  return 0;
}

function standing(): string[] {
  try {
    return readdirSync(LABS_DIR);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** With `--json` the run shows itself on standard error, and the rows alone are on standard output. */
async function run(command: LabCommand): Promise<number> {
  const { once, report, json, out, err, signal } = command;
  const display = json ? (err.columns === undefined ? SILENT_SINK : err) : out;
  const result = await labRun(named(command), {
    once,
    signal,
    out: display,
    ...(report !== undefined && { report }),
  });
  if (json) printJson(out, result.rows);
  return result.kept ? 0 : 1;
}
