import type { DeliveryAsked, DeliveryRow } from "@gona/api";
import { GonaError } from "@gona/model";
import type { CliContext } from "../cli-context.ts";
import { printJson, printJsonLine, printTable } from "../output/print.ts";
import { painter } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { DELIVERY_COLUMNS } from "../output/views.ts";
import { readTimeSpan } from "../read-time-span.ts";
import type { CommonOptions } from "./command-options.ts";

export interface DeliveryOptions extends CommonOptions {
  readonly nic?: string;
  readonly since?: string;
  readonly step?: string;
}

const SINCE_MS = 120_000;
const NOTHING = "nothing was sent and nothing is missing";

/** Promise against delivery in the past. */
export async function getDelivery(
  context: CliContext,
  guest: string | undefined,
  options: DeliveryOptions,
): Promise<void> {
  const step = options.step === undefined ? undefined : stepOf(options.step);
  const since = sinceOf(options.since, context.now());
  const asked = { ...whose(guest, options), since, ...(step !== undefined && { step }) };
  const rows = await context.client(options.runDir).delivery(asked);
  if (options.json) printJson(context.out, rows);
  else printTable(context.out, DELIVERY_COLUMNS, rows, NOTHING);
}

/** Each second as it passes, until Ctrl-C. */
export async function watchDelivery(
  context: CliContext,
  guest: string | undefined,
  options: DeliveryOptions,
): Promise<void> {
  if (options.since !== undefined || options.step !== undefined) {
    throw new GonaError("USAGE", "--watch shows each second as it passes: leave --since and --step out");
  }
  const looks = context.client(options.runDir).followDelivery(whose(guest, options), context.signal);
  for await (const rows of looks) {
    if (options.json) printJsonLine(context.out, rows);
    else if (rows.length > 0) context.out.write(table(context, rows));
  }
}

const table = ({ out }: CliContext, rows: readonly DeliveryRow[]): string =>
  renderTable(DELIVERY_COLUMNS, rows, { width: out.columns, paint: painter(out.colour) });

const whose = (guest: string | undefined, { nic }: DeliveryOptions): DeliveryAsked => ({
  ...(guest !== undefined && { guest }),
  ...(nic !== undefined && { nic }),
});

function sinceOf(word: string | undefined, nowMs: number): string {
  if (word === undefined) return new Date(nowMs - SINCE_MS).toISOString();
  const span = readTimeSpan(word);
  const atMs = span === undefined ? Date.parse(word) : nowMs - span;
  if (Number.isNaN(atMs) || Math.abs(atMs) > 8.64e15) {
    throw new GonaError("USAGE", "--since is no time", { found: word, allowed: "90s, 10min, 2h, 7d, or ISO 8601" });
  }
  return new Date(atMs).toISOString();
}

function stepOf(word: string): number {
  const span = readTimeSpan(word);
  const isKept = span !== undefined && span % 1000 === 0 && span >= 1000 && (span < 60_000 || span % 60_000 === 0);
  if (!isKept || span > 86_400_000) {
    throw new GonaError("USAGE", "--step is no step", {
      found: word,
      allowed: "1s to 59s, or whole minutes up to 24h",
    });
  }
  return span / 1000;
}
