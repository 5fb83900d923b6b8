import { type Bytes, bytes } from "../units.ts";
import { bad, didYouMean, good, type Scalar } from "./scalar.ts";

export const MEMORY_PATTERN = "^\\d+ ?(MiB|GiB)$";

const UNITS: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30 };

/** Memory in whole MiB or GiB, within bounds given in MiB. */
export function readMemory(value: unknown, lowMebibytes: number, highMebibytes: number): Scalar<Bytes> {
  const allowed = `memory from ${lowMebibytes}MiB to ${highMebibytes}MiB, as in 128MiB`;
  if (typeof value === "number" && Number.isSafeInteger(value)) return bad(allowed, didYouMean(`${value}MiB`));
  const [, amount, unit] = /^(\d+) ?(\w+)$/.exec(typeof value === "string" ? value : "") ?? [];
  if (amount === undefined || unit === undefined) return bad(allowed);
  const factor = UNITS[unit];
  if (factor === undefined) return bad(allowed, /^m/i.test(unit) ? didYouMean(`${amount}MiB`) : undefined);
  const size = Number(amount) * factor;
  const within = size >= lowMebibytes * 2 ** 20 && size <= highMebibytes * 2 ** 20;
  return within ? good(bytes(size)) : bad(allowed);
}
