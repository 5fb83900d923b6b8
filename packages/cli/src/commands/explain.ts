import type { Explanation } from "@gona/api";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { printJson, printTable } from "../output/print.ts";
import { styleOfState } from "../output/style.ts";
import type { Column } from "../output/table.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";

const BUCKETS = 1024;

const COLUMNS: readonly Column<Explanation["slices"][number]>[] = [
  { title: "SLICE", text: (slice) => String(slice.slice), align: "right" },
  { title: "NIC", text: (slice) => slice.nic },
  { title: "STATE", text: (slice) => slice.nicState, style: (slice) => styleOfState(slice.nicState) },
  { title: "CLASS", text: (slice) => slice.classid },
  { title: "SOURCE MAC", text: (slice) => slice.mac, dispensable: 2 },
  { title: "BUCKETS", text: (slice) => String(slice.buckets), align: "right" },
  {
    title: "PART",
    text: (slice) => `${((slice.buckets / BUCKETS) * 100).toFixed(1)}%`,
    align: "right",
    dispensable: 1,
  },
];

function printExplanation({ out }: CliContext, { guest, vif, macStrategy, slices, flow, why }: Explanation): void {
  const mac = macStrategy === "own" ? "its own MAC on every NIC" : "a MAC per NIC";
  out.write(`${vif === guest ? guest : `${guest}, vif ${vif}`}: ${mac}\n`);
  printTable(out, COLUMNS, slices, "no slices");
  if (flow !== undefined) {
    const { text, bucket, slice, nic, classid, chosenNic } = flow;
    const way = nic === undefined ? "dropped: no slice is alive" : `slice ${slice} -> ${nic}, class ${classid}`;
    const instead = chosenNic === undefined || chosenNic === nic ? "" : ` (instead of ${chosenNic})`;
    out.write(`\n${text}\n  bucket ${bucket} -> ${way}${instead}\n`);
  }
  if (why.length > 0) out.write(`\n${why.map((sentence) => `- ${sentence}`).join("\n")}\n`);
}

/** Which slice a guest's traffic takes, and why. */
export function addExplain(program: Command, context: CliContext, run: Run): void {
  const command = program
    .command("explain")
    .argument("<guest>", "a guest, or guest/vif")
    .argument("[flow]", 'a flow, as in "tcp 10.0.0.11:43210 > 10.0.9.9:443"')
    .description("say which slice a guest's traffic takes, and why");
  withExample(
    withDaemon(command),
    "gona explain web1",
    'gona explain web1 "tcp 10.0.0.11:43210 > 10.0.9.9:443"',
  ).action(
    run(async (guest: string, flow: string | undefined, options: CommonOptions) => {
      const explanation = await context.client(options.runDir).explain(guest, flow);
      if (options.json) printJson(context.out, explanation);
      else printExplanation(context, explanation);
      return 0;
    }),
  );
}
