import { nearestWord } from "../scalar/nearest-word.ts";
import { didYouMean } from "../scalar/scalar.ts";
import type { Raw } from "./raw.ts";
import type { SpecProblem } from "./spec-problem.ts";

/** More names than this are not listed in a message. */
const MOST_LISTED = 12;

/** A reference to something that the spec does not define. */
export function unknownName(raw: Raw, what: string, name: string, known: readonly string[]): SpecProblem {
  const near = nearestWord(name, known);
  const listed = known.slice(0, MOST_LISTED).join(", ");
  const more = known.length > MOST_LISTED ? ` and ${known.length - MOST_LISTED} more` : "";
  const allowed =
    known.length === 0 ? `a ${what} of this spec, which has none` : `a ${what} of this spec: ${listed}${more}`;
  return {
    code: "SPEC_REFERENCE",
    path: raw.path,
    message: `no such ${what}`,
    found: name,
    allowed,
    ...(near === undefined ? {} : { hint: didYouMean(near) }),
  };
}
