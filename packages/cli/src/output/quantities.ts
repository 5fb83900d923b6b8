import { type BitsPerSecond, bitsPerSecond, formatRate, MAX_BITS_PER_SECOND } from "@gona/model";

/** A configured rate, exact: `1.5 Gbit`. */
export const exactRate = (bits: number): string => formatRate(bits as BitsPerSecond);

/** A measured rate in three digits: `941 Mbit`. */
export function roundRate(bits: number): string {
  if (!(bits >= 8)) return "0 bit";
  const digits = 10 ** (Math.floor(Math.log10(bits)) - 2);
  const rounded = Math.round(bits / digits) * digits;
  return formatRate(bitsPerSecond(Math.min(Math.round(rounded / 8) * 8, MAX_BITS_PER_SECOND))).replace(
    /(\d+\.\d{0,2})\d* /,
    (_, number: string) => `${Number(number)} `,
  );
}

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];

/** A count in three digits with a decimal prefix: `1.23 G`; `unit` follows the prefix. */
export function roundCount(count: number, unit = ""): string {
  let scaled = count;
  let prefix = 0;
  while (scaled >= 999.5 && prefix < PREFIXES.length - 1) {
    scaled /= 1000;
    prefix++;
  }
  const number = prefix === 0 ? String(scaled) : Number(scaled.toPrecision(3)).toString();
  return `${number} ${PREFIXES[prefix] ?? ""}${unit}`.trimEnd();
}

/** `2026-11-22 20:11:15`: ISO 8601 as people read it, in UTC. */
export const shortTime = (iso: string): string => iso.replace("T", " ").replace(/(\.\d+)?Z$/, "");
