import { z } from "zod";
import { doctorReportSchema } from "./doctor-row.ts";
import { errorBodySchema } from "./error-body.ts";
import { ROUTES } from "./routes.ts";

/** What a measured row adds to what the daemon says, with --watch. */
const rates = {
  txBitsPerSecond: z.number().optional().meta({ description: "since the row before; absent in the first" }),
  rxBitsPerSecond: z.number().optional(),
};

const watched = <T extends z.ZodObject>(rows: z.ZodArray<T>) => z.array(rows.element.extend(rates));

const applied = ROUTES.apply.reply;

/** Shapes of `--json`, by command; `error` is what stands on standard error. */
export const COMMAND_SCHEMAS = {
  apply: applied,
  check: ROUTES.check.reply,
  doctor: doctorReportSchema,
  "domain exec": ROUTES.domainExec.reply,
  "domain restart": ROUTES.domainRestart.reply,
  drain: ROUTES.drain.reply,
  dump: z.object({ text: z.string() }),
  error: errorBodySchema,
  explain: ROUTES.explain.reply,
  "get delivery": ROUTES.delivery.reply,
  "get domains": ROUTES.domains.reply,
  "get events": ROUTES.events.reply,
  "get guests": ROUTES.guests.reply,
  "get nics": watched(ROUTES.nics.reply),
  "get slices": watched(ROUTES.slices.reply),
  history: ROUTES.history.reply,
  plan: ROUTES.plan.reply,
  rollback: applied,
  status: ROUTES.status.reply,
  teardown: applied,
  undrain: ROUTES.undrain.reply,
} as const satisfies Record<string, z.ZodType>;

/** docs/cli.schema.json: one JSON Schema with a definition for each command. */
export function commandJsonSchema(): string {
  const definitions = Object.entries(COMMAND_SCHEMAS).map(([command, schema]) => {
    const { $schema: _, ...json } = z.toJSONSchema(schema, { target: "draft-2020-12" });
    return [command, json] as const;
  });
  const whole = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "What gona's commands print with --json",
    $defs: Object.fromEntries(definitions),
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}
