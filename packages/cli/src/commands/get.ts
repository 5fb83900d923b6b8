import { GonaError, nearestWord } from "@gona/model";
import type { Command } from "commander";
import type { CliContext, DaemonClient } from "../cli-context.ts";
import { printJson, printJsonLine, printTable } from "../output/print.ts";
import type { Column } from "../output/table.ts";
import { DOMAIN_COLUMNS, EVENT_COLUMNS, GUEST_COLUMNS, NIC_COLUMNS, SLICE_COLUMNS } from "../output/views.ts";
import { withDaemon, withExample } from "./command-options.ts";
import { type DeliveryOptions, getDelivery, watchDelivery } from "./get-delivery.ts";
import { RatesSince } from "./rates-since.ts";
import type { Run } from "./run.ts";

interface GetOptions extends DeliveryOptions {
  readonly watch?: true;
}

const WATCH_EVERY_MS = 1000;
/** Cursor home, and clear to the end of the screen: less flicker than clearing it all first. */
const REDRAW = "\u001b[H\u001b[J";

interface Things<Row> {
  readonly columns: readonly Column<Row>[];
  readonly nothing: string;
  /** Made once per command, so that it may remember the last look. */
  readonly fetch: () => (client: DaemonClient, nowMs: number) => Promise<readonly Row[]>;
}

const things = <Row>(each: Things<Row>): Things<never> => each as unknown as Things<never>;

const THINGS: Readonly<Record<string, Things<never>>> = {
  nics: things({
    columns: NIC_COLUMNS,
    nothing: "no NICs",
    fetch: () => {
      const rates = new RatesSince<Awaited<ReturnType<DaemonClient["nics"]>>[number]>((nic) => nic.name);
      return async (client, nowMs) => rates.measure(await client.nics(), nowMs);
    },
  }),
  guests: things({ columns: GUEST_COLUMNS, nothing: "no guests", fetch: () => (client) => client.guests() }),
  slices: things({
    columns: SLICE_COLUMNS,
    nothing: "no slices",
    fetch: () => {
      const rates = new RatesSince<Awaited<ReturnType<DaemonClient["slices"]>>[number]>(
        (slice) => `${slice.vif} ${slice.nic} ${slice.direction}`,
      );
      return async (client, nowMs) => rates.measure(await client.slices(), nowMs);
    },
  }),
  domains: things({ columns: DOMAIN_COLUMNS, nothing: "no domains", fetch: () => (client) => client.domains() }),
};

async function watchEvents(context: CliContext, options: GetOptions): Promise<void> {
  const events = context.client(options.runDir).followEvents({}, context.signal);
  for await (const event of events) {
    if (options.json) printJsonLine(context.out, event);
    else {
      const [time, kind, subject, what] = EVENT_COLUMNS.map((column) => column.text(event));
      context.out.write(`${time}  ${kind}  ${subject === "" ? "" : `${subject}: `}${what}\n`);
    }
  }
}

async function getEvents(context: CliContext, options: GetOptions): Promise<void> {
  if (options.watch) return await watchEvents(context, options);
  const events = await context.client(options.runDir).events();
  if (options.json) printJson(context.out, events);
  else printTable(context.out, EVENT_COLUMNS, events, "no events");
}

async function getThings(
  context: CliContext,
  options: GetOptions,
  { columns, nothing, fetch }: Things<never>,
): Promise<void> {
  const { out } = context;
  const client = context.client(options.runDir);
  const look = fetch();
  const shown = options.watch ? columns : columns.filter(({ title }) => !title.startsWith("NOW "));
  do {
    const rows = await look(client, context.now());
    if (options.json) (options.watch ? printJsonLine : printJson)(out, rows);
    else {
      if (options.watch && out.columns !== undefined) out.write(REDRAW);
      printTable(out, shown, rows, nothing);
      if (options.watch && out.columns === undefined) out.write("\n");
    }
  } while (options.watch && (await context.pause(WATCH_EVERY_MS)));
}

/** Ctrl-C is how a watch ends, also in the middle of a question to the daemon. */
async function untilStopped({ signal }: CliContext, { watch }: GetOptions, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!watch || !signal.aborted) throw error;
  }
}

/** Tables of one kind of thing, once or going on. */
export function addGet(program: Command, context: CliContext, run: Run): void {
  const words = [...Object.keys(THINGS), "delivery", "events"];
  const command = program
    .command("get")
    .argument("<things>", words.join(", "))
    .argument("[guest]", "of delivery: a guest, or a vif")
    .option("--watch", "go on until Ctrl-C: tables each second, with the rates since the last; events as they happen")
    .option("--nic <nic>", "of delivery: on this NIC alone")
    .option("--since <time>", "of delivery: so long ago (90s, 10min, 2h, 7d), or a time in ISO 8601; 2min unless given")
    .option(
      "--step <time>",
      "of delivery: time of one row; below a minute for the last two minutes, else whole minutes",
    )
    .description("list one kind of thing; delivery: what was offered, delivered and promised in the past, and why");
  withExample(
    withDaemon(command),
    "gona get slices --watch",
    "gona get delivery web1 --since 2h --step 10min",
    "gona get events --watch --json",
  ).action(
    run(async (word: string, guest: string | undefined, options: GetOptions) => {
      if (word === "delivery") {
        const get = options.watch ? watchDelivery : getDelivery;
        await untilStopped(context, options, () => get(context, guest, options));
        return 0;
      }
      const given = guest ?? options.nic ?? options.since ?? options.step;
      if (given !== undefined) {
        const message = "a guest, --nic, --since and --step are for get delivery alone";
        throw new GonaError("USAGE", message, { found: given });
      }
      if (word === "events") await untilStopped(context, options, () => getEvents(context, options));
      else {
        const found = Object.hasOwn(THINGS, word) ? THINGS[word] : undefined;
        if (found === undefined) {
          const near = nearestWord(word, words);
          throw new GonaError("USAGE", "unknown word after get", {
            found: word,
            allowed: `one of ${words.join(", ")}`,
            ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
          });
        }
        await untilStopped(context, options, () => getThings(context, options, found));
      }
      return 0;
    }),
  );
}
