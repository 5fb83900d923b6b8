import { GonaError, nearestWord } from "@gona/model";
import type { Command } from "commander";
import type { CliContext, ExitCode } from "../cli-context.ts";
import type { Suite } from "../entry-points.ts";
import { printJson, printTable } from "../output/print.ts";
import type { Column } from "../output/table.ts";
import { withExample, withJson } from "./command-options.ts";
import type { Run } from "./run.ts";

type BenchRow = Awaited<ReturnType<Suite["run"]>>[number];

/** Four digits say all that a measurement knows. */
const digits = (value: number): string =>
  Math.abs(value) >= 1e5 ? value.toExponential(3) : Number(value.toPrecision(4)).toString();

const COLUMNS: readonly Column<BenchRow>[] = [
  { title: "SUITE", text: (row) => row.suite, dispensable: 3 },
  { title: "CASE", text: (row) => row.case, least: 12 },
  { title: "FIGURE", text: (row) => row.figure, least: 10 },
  { title: "MEDIAN", text: (row) => digits(row.value), align: "right" },
  { title: "UNIT", text: (row) => row.unit },
  { title: "LOW", text: (row) => digits(row.low), align: "right", dispensable: 2 },
  { title: "HIGH", text: (row) => digits(row.high), align: "right", dispensable: 2 },
  {
    title: "VERSUS",
    text: ({ versus }) => (versus === undefined ? "" : `${digits(versus.ratio)} x ${versus.name}`),
    least: 12,
    dispensable: 1,
  },
  { title: "TARGET", text: (row) => row.target ?? "", least: 10 },
  {
    title: "HOLDS",
    text: ({ holds }) => (holds === undefined ? "" : holds ? "yes" : "no"),
    style: ({ holds }) => (holds === undefined ? undefined : holds ? "green" : "red"),
  },
];

function chosen(suites: readonly Suite[], words: readonly string[]): readonly Suite[] {
  const names = suites.map(({ name }) => name);
  const unknown = words.find((word) => !names.includes(word));
  if (unknown === undefined) return words.length === 0 ? suites : suites.filter(({ name }) => words.includes(name));
  const near = nearestWord(unknown, names);
  throw new GonaError("USAGE", "no such suite", {
    found: unknown,
    allowed: `one of ${names.join(", ")}`,
    ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
  });
}

/** Measurements on this machine. A target that does not hold is a result, not a failure: exit code 0. */
export function addBench(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("bench")
    .argument("[suites...]", "suites to run; all of them without a word")
    .option("--quick", "fewer and shorter rounds: shows that it works, with noisy figures")
    .option("--list", "say what suites there are")
    .description("measure GONA beside other ways on this machine, A/B interleaved");
  withExample(withJson(command), "gona bench path", "gona bench precision failover --json > rows.json").action(
    run(async (words: readonly string[], options: { json?: true; quick?: true; list?: true }): Promise<ExitCode> => {
      const suites = chosen(await context.entryPoints.benchSuites(), words);
      if (options.list) {
        const about = suites.map(({ name, about: text }) => ({ name, about: text }));
        if (options.json) printJson(context.out, about);
        else for (const { name, about: text } of about) context.out.write(`${name}: ${text}\n`);
        return 0;
      }
      const rows: BenchRow[] = [];
      for (const suite of suites) {
        if (context.signal.aborted) return 1;
        const progress = (line: string) => context.err.write(`${suite.name}: ${line}\n`);
        rows.push(...(await suite.run({ quick: options.quick === true, progress, signal: context.signal })));
      }
      if (options.json) printJson(context.out, rows);
      else printTable(context.out, COLUMNS, rows, "no figures");
      return 0;
    }),
  );
}
