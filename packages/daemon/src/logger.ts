import { toErrorBody } from "@gona/api";
import { GonaError } from "@gona/model";
import { type Logger, pino } from "pino";

export type { Logger };

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON lines on stderr, synchronous so that the last words before a crash are kept. */
export const createLogger = (level: LogLevel): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: errorForLog },
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  );

/** What happened and why, in the words that clients get; where it happened in the code only for what is our own bug. */
export function errorForLog(error: Error): object {
  if (!(error instanceof GonaError) || error.class.fault === "bug") return pino.stdSerializers.err(error);
  const { code, message, detail, cause } = toErrorBody(error).error;
  return { code, message, ...detail, ...(cause !== undefined && { cause }) };
}

/** For tests. */
export const silentLogger = (): Logger => pino({ level: "silent" });
