import type { Status } from "@gona/api";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { printJson, printTable } from "../output/print.ts";
import { roundCount, shortTime } from "../output/quantities.ts";
import { painter, styleOfState } from "../output/style.ts";
import { GUEST_COLUMNS, NIC_COLUMNS, shortPromise } from "../output/views.ts";
import { type CommonOptions, withDaemon, withExample } from "./command-options.ts";
import type { Run } from "./run.ts";

/** What an operator wants to hear of; the rest is traffic as it should be. */
const NOTEWORTHY = /^(?:drop|to_wire_failover)/;

function printStatus({ out }: CliContext, status: Status): void {
  const paint = painter(out.colour);
  const revision = status.revision === 0 ? "no spec yet" : `revision ${status.revision}`;
  out.write(
    `${paint(status.state, styleOfState(status.state))}, ${revision}; gona ${status.version}, process ${status.pid}, since ${shortTime(status.startedAt)}\n`,
  );
  if (status.lastError !== null) {
    out.write(
      `${paint("last error", "red")}: ${status.lastError.code}: ${status.lastError.message} (${shortTime(status.lastError.at)})\n`,
    );
  }
  for (const { kind, name, reason } of status.pending)
    out.write(`${paint("pending", "yellow")}: ${kind} ${name}: ${reason}\n`);
  for (const row of status.short) out.write(`${paint("short", "red")}: ${shortPromise(row)}\n`);
  out.write("\n");
  printTable(
    out,
    NIC_COLUMNS.filter(({ title }) => title !== "NOW OUT"),
    status.nics,
    "no NICs",
  );
  out.write("\n");
  printTable(out, GUEST_COLUMNS, status.guests, "no guests");
  const verdicts = Object.entries(status.verdicts).filter(
    ([reason, packets]) => packets > 0 && NOTEWORTHY.test(reason),
  );
  if (verdicts.length > 0)
    out.write(
      `\npackets by verdict: ${verdicts.map(([reason, packets]) => `${reason} ${roundCount(packets)}`).join(", ")}\n`,
    );
}

/** The whole state of the host. */
export function addStatus(program: Command, context: CliContext, run: Run): void {
  const command = program.command("status").description("show the state of the daemon, the NICs and the guests");
  withExample(withDaemon(command), "gona status", "gona status --json | jq .converged").action(
    run(async (options: CommonOptions) => {
      const status = await context.client(options.runDir).status();
      if (options.json) printJson(context.out, status);
      else printStatus(context, status);
      return 0;
    }),
  );
}

/** The kernel's state as text, for support. */
export function addDump(program: Command, context: CliContext, run: Run): void {
  const command = program.command("dump").description("print all kernel state that GONA owns, as text");
  withExample(withDaemon(command), "gona dump > kernel-state.txt").action(
    run(async (options: CommonOptions) => {
      const text = await context.client(options.runDir).dump();
      if (options.json) printJson(context.out, { text });
      else context.out.write(text.endsWith("\n") ? text : `${text}\n`);
      return 0;
    }),
  );
}
