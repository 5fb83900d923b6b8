import { z } from "zod";
import type { Scalar, ScalarProblem } from "../scalar/scalar.ts";

/** What a custom zod issue carries, so that one place turns it into a SpecProblem. */
export type IssueParams = ScalarProblem | { readonly missing: true };

/**
 * A zod schema around a reader of scalars. `json` describes the input to the JSON Schema; the
 * reader alone decides, so that every refusal carries what is allowed and what was meant.
 */
export function scalar<T>(read: (value: unknown) => Scalar<T>, json: Readonly<Record<string, unknown>>) {
  return z
    .unknown()
    .meta(json)
    .transform((input, context): T => {
      if (input === undefined) {
        context.issues.push({ code: "custom", input, params: { missing: true } satisfies IssueParams });
        return z.NEVER;
      }
      const result = read(input);
      if (result.ok) return result.value;
      context.issues.push({ code: "custom", input, params: { ...result.problem } satisfies IssueParams });
      return z.NEVER;
    });
}
