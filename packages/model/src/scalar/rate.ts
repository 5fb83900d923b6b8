import { GonaError } from "../gona-error.ts";
import { type BitsPerSecond, bitsPerSecond, MAX_BITS_PER_SECOND } from "../units.ts";
import { bad, didYouMean, good, type Scalar } from "./scalar.ts";

/** Decimal, as network rates are everywhere: 1 kbit is 1,000 bit. Powers of ten. */
const UNITS = { bit: 0, kbit: 3, Mbit: 6, Gbit: 9, Tbit: 12 } as const;
type RateUnit = keyof typeof UNITS;

const RATE = /^(\d+)(?:\.(\d+))? ?(bit|kbit|Mbit|Gbit|Tbit)$/;
/** A number followed by anything that may have been meant as a unit. */
const NEARLY = /^([+-]?[\d_]*[.,]?\d+(?:e\d+)?) ?([a-zA-Z/]*)$/;

export const RATE_ALLOWED = "a rate with a unit (bit, kbit, Mbit, Gbit, Tbit), as in 300Mbit or 1.5Gbit";

/** Whole bits of `whole.fraction x 10^exponent`; undefined where a part of a bit is left. */
function exactBits(whole: string, fraction: string, exponent: number): bigint | undefined {
  const digits = fraction.replace(/0+$/, "");
  if (digits.length > exponent) return undefined;
  return BigInt(whole + digits) * 10n ** BigInt(exponent - digits.length);
}

/** What `12mbps`, `300MB` or `1,5 Gbit` was probably meant to be. Bytes become bits, never silently. */
function guess(text: string): string | undefined {
  const match = NEARLY.exec(text.trim());
  if (match === null) return undefined;
  const [, number = "", unit = ""] = match;
  const value = Number(number.replace(",", ".").replaceAll("_", ""));
  if (!Number.isFinite(value) || value < 0) return undefined;
  if (unit === "") return guessBare(value);
  const parts = /^([kmgt]?)(i?)(bits?|b|)(ps|\/s|\/sec)?$/i.exec(unit);
  if (parts === null) return undefined;
  const [, prefix = "", , base = "", perSecond = ""] = parts;
  const bytes = base === "B" && perSecond !== "ps";
  const name = `${{ k: "k", m: "M", g: "G", t: "T" }[prefix.toLowerCase()] ?? ""}bit`;
  return isRateUnit(name) ? spell(value * (bytes ? 8 : 1), name) : undefined;
}

const isRateUnit = (name: string): name is RateUnit => Object.hasOwn(UNITS, name);

/** Nobody writes small numbers of bit/s; large ones are what a program printed. */
const guessBare = (value: number): string | undefined =>
  value >= 1e6 ? spell(value, "bit") : value > 0 ? spell(value, "Mbit") : "0bit";

function spell(value: number, unit: RateUnit): string | undefined {
  const bits = value * 10 ** UNITS[unit];
  if (bits > MAX_BITS_PER_SECOND) return undefined;
  return unit === "bit" ? formatRate(bitsPerSecond(bits)).replace(" ", "") : `${Number(value.toPrecision(12))}${unit}`;
}

/** Reads a rate: decimal units, steps of 8 bit/s, 0 to 1 Tbit/s. Bare numbers and bytes are refused with a hint. */
export function readRate(value: unknown): Scalar<BitsPerSecond> {
  if (typeof value !== "string" && typeof value !== "number") return bad(RATE_ALLOWED);
  const text = String(value);
  const match = RATE.exec(text);
  if (match === null) {
    const meant = guess(text);
    return bad(RATE_ALLOWED, meant === undefined ? undefined : didYouMean(meant));
  }
  const [, whole = "", fraction = "", unit = "bit"] = match;
  const exponent = UNITS[unit as RateUnit];
  if (whole.length > 13) return bad("a rate of at most 1Tbit");
  const bits = exactBits(whole, fraction, exponent);
  if (bits !== undefined && bits > BigInt(MAX_BITS_PER_SECOND)) return bad("a rate of at most 1Tbit");
  if (bits === undefined || bits % 8n !== 0n) {
    const below = bitsPerSecond(Number(`${whole}.${fraction || "0"}e${exponent}`));
    return bad("a rate in steps of 8 bit/s", didYouMean(formatRate(below).replace(" ", "")));
  }
  return good(bitsPerSecond(Number(bits)));
}

/** Throws GonaError USAGE; for command lines and tests. A spec's rates are read by readRate. */
export function parseRate(text: string): BitsPerSecond {
  const read = readRate(text);
  if (read.ok) return read.value;
  throw new GonaError("USAGE", `not a rate: ${text}`, { found: text, ...read.problem });
}

/** Exact text in the largest unit that leaves a whole part: `1.5 Gbit`. parseRate reads it back unchanged. */
export function formatRate(rate: BitsPerSecond): string {
  const names: readonly RateUnit[] = ["Tbit", "Gbit", "Mbit", "kbit"];
  const unit = names.find((name) => rate >= 10 ** UNITS[name]) ?? "bit";
  const exponent = UNITS[unit];
  const digits = String(rate).padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = digits.slice(digits.length - exponent).replace(/0+$/, "");
  return `${whole}${fraction === "" ? "" : `.${fraction}`} ${unit}`;
}
