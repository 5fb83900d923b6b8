import { type Milliseconds, milliseconds } from "../units.ts";
import { bad, didYouMean, good, type Scalar } from "./scalar.ts";

const MS_IN = { us: 1e-3, ms: 1, s: 1e3, min: 60e3 } as const;
type DurationUnit = keyof typeof MS_IN;

const DURATION = /^(\d{1,9}(?:\.\d{1,6})?) ?(us|ms|s|min)$/;
const SYNONYMS: Readonly<Record<string, DurationUnit>> = {
  "": "ms",
  usec: "us",
  µs: "us",
  msec: "ms",
  millis: "ms",
  sec: "s",
  secs: "s",
  second: "s",
  seconds: "s",
  m: "min",
  mins: "min",
  minutes: "min",
};

/** Reads `5ms`, `2s`, `500us`, `1min` between two bounds in milliseconds; a bare number is refused with a hint. */
export function readDuration(value: unknown, lowMs: number, highMs: number): Scalar<Milliseconds> {
  const allowed = `a duration with a unit (us, ms, s, min) from ${formatDuration(lowMs)} to ${formatDuration(highMs)}, as in 5ms`;
  if (typeof value !== "string" && typeof value !== "number") return bad(allowed);
  const text = String(value);
  const match = DURATION.exec(text);
  if (match === null) {
    const [, number, word = ""] = /^(\d+(?:\.\d+)?) ?([a-zµ]*)$/i.exec(text) ?? [];
    const unit =
      SYNONYMS[word.toLowerCase()] ?? (Object.hasOwn(MS_IN, word.toLowerCase()) ? word.toLowerCase() : undefined);
    return bad(allowed, number === undefined || unit === undefined ? undefined : didYouMean(`${number}${unit}`));
  }
  const ms = Number(match[1]) * MS_IN[match[2] as DurationUnit];
  return ms >= lowMs && ms <= highMs ? good(milliseconds(ms)) : bad(allowed);
}

/** `250us`, `5ms`, `2s`. */
export function formatDuration(ms: number): string {
  if (ms >= 60e3 && ms % 60e3 === 0) return `${ms / 60e3}min`;
  if (ms >= 1e3) return `${Number((ms / 1e3).toPrecision(12))}s`;
  return ms >= 1 || ms === 0 ? `${ms}ms` : `${Number((ms * 1e3).toPrecision(12))}us`;
}
