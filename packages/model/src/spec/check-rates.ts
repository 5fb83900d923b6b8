import { formatRate } from "../scalar/rate.ts";
import { readRateOrPart, resolveRate } from "../scalar/share-of-rate.ts";
import { type BitsPerSecond, kilobitsPerSecond } from "../units.ts";
import { field, type Raw } from "./raw.ts";
import type { SpecProblem } from "./spec-problem.ts";

/** Below this a limit is no more than a way to say "nothing". */
export const LOWEST_LIMIT = kilobitsPerSecond(64);

/** The rate that stands in a field, if it stands there and is right; `whole` resolves percentages. */
export function rateIn(raw: Raw, whole: BitsPerSecond | undefined): BitsPerSecond | undefined {
  if (raw.value === undefined) return undefined;
  const read = readRateOrPart(raw.value, "");
  if (!read.ok) return undefined;
  return read.value.kind === "part" && whole === undefined
    ? undefined
    : resolveRate(read.value, whole ?? (0 as BitsPerSecond));
}

/** A limit below LOWEST_LIMIT is refused. */
export function checkLowest(raw: Raw, limit: BitsPerSecond | undefined, problems: SpecProblem[]): void {
  if (limit === undefined || limit >= LOWEST_LIMIT) return;
  problems.push({
    code: "SPEC_INVALID",
    path: raw.path,
    message: "the limit is too low",
    allowed: `${formatRate(LOWEST_LIMIT)} or more`,
  });
}

/** reserve <= limit <= whole, limit >= 64 kbit/s; `whole` is undefined where it is not known. */
export function checkRates(
  raw: Raw,
  whole: BitsPerSecond | undefined,
  wholeName: string,
  problems: SpecProblem[],
): void {
  const reserve = rateIn(field(raw, "reserve"), whole);
  const limit = rateIn(field(raw, "limit"), whole);
  checkLowest(field(raw, "limit"), limit, problems);
  for (const [key, rate] of [["reserve", reserve] as const, ["limit", limit] as const]) {
    if (rate === undefined || whole === undefined || rate <= whole) continue;
    problems.push({
      code: "SPEC_DOES_NOT_FIT",
      path: field(raw, key).path,
      message: `the ${key} ${formatRate(rate)} is above ${wholeName}`,
      allowed: `at most ${formatRate(whole)}`,
    });
  }
  if (reserve !== undefined && limit !== undefined && reserve > limit) {
    problems.push({
      code: "SPEC_INVALID",
      path: field(raw, "reserve").path,
      message: `the reserve ${formatRate(reserve)} is above the limit ${formatRate(limit)}`,
      allowed: `at most the limit, ${formatRate(limit)}`,
    });
  }
}
