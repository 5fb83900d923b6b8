import { bad, didYouMean, good, type Scalar } from "./scalar.ts";

/** A whole number from `low` to `high`; a number in quotes is refused with a hint. */
export function readWhole(value: unknown, low: number, high: number): Scalar<number> {
  const allowed = `a whole number from ${low} to ${high}`;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= low && value <= high) return good(value);
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : undefined;
  const meant = number !== undefined && number >= low && number <= high ? "leave the quotes out" : undefined;
  const rounded = typeof value === "number" && !Number.isInteger(value) ? Math.round(value) : undefined;
  const near = rounded !== undefined && rounded >= low && rounded <= high ? didYouMean(String(rounded)) : undefined;
  return bad(allowed, meant ?? near);
}
