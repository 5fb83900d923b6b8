import { type BitsPerSecond, type Ratio, ratio, scaleRate } from "../units.ts";
import { RATE_ALLOWED, readRate } from "./rate.ts";
import { bad, didYouMean, good, type Scalar } from "./scalar.ts";

/** A rate as it stands in a spec: absolute, or a part of something larger (a NIC, a slice). */
export type RateOrPart =
  | { readonly kind: "absolute"; readonly rate: BitsPerSecond }
  | { readonly kind: "part"; readonly ratio: Ratio };

const PERCENT = /^(\d{1,3}(?:\.\d+)?) ?%$/;

/** Reads `300Mbit` or `10%`; `of` says what the percentage is of. */
export function readRateOrPart(value: unknown, of: string): Scalar<RateOrPart> {
  const allowed = `${RATE_ALLOWED}, or a percentage of ${of} from 0% to 100%`;
  if (typeof value === "string" && value.includes("%")) {
    const match = PERCENT.exec(value);
    const percent = Number(match?.[1] ?? Number.NaN);
    if (percent >= 0 && percent <= 100) return good({ kind: "part", ratio: ratio(percent / 100) });
    return bad(allowed, match !== null && percent > 100 ? didYouMean("100%") : undefined);
  }
  const read = readRate(value);
  if (read.ok) return good({ kind: "absolute", rate: read.value });
  return bad(read.problem.allowed === RATE_ALLOWED ? allowed : read.problem.allowed, read.problem.hint);
}

/** The absolute rate, given the whole; rounded down to 8 bit/s. */
export const resolveRate = (rate: RateOrPart, whole: BitsPerSecond): BitsPerSecond =>
  rate.kind === "absolute" ? rate.rate : scaleRate(whole, rate.ratio);
