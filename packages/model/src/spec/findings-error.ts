import type { ErrorCode } from "../error-catalogue.ts";
import { GonaError, type SpecErrors } from "../gona-error.ts";
import type { ParsedSpec } from "./parse-spec.ts";
import { joinErrors } from "./spec-errors.ts";

/** What a check of a whole spec finds: the planner's admission, `unsupported`. */
export interface SpecFinding {
  readonly code: ErrorCode;
  readonly path: string;
  readonly message: string;
  readonly found?: string;
  readonly allowed?: string;
  readonly hint?: string;
}

/** Findings as one error with places, or undefined where there are none. */
export function findingsError(
  findings: readonly SpecFinding[],
  parsed: Pick<ParsedSpec, "locate">,
): SpecErrors | undefined {
  return joinErrors(
    findings.map(({ code, path, message, ...detail }) => {
      return new GonaError(code, message, { location: parsed.locate(path), ...detail });
    }),
  );
}
