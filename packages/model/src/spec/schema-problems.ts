import type { z } from "zod";
import { nearestWord } from "../scalar/nearest-word.ts";
import { didYouMean } from "../scalar/scalar.ts";
import type { IssueParams } from "./scalar-schema.ts";
import { keysAt } from "./schema-at.ts";
import type { Path } from "./spec-path.ts";
import type { SpecProblem } from "./spec-problem.ts";

const KINDS: Readonly<Record<string, string>> = { object: "a map", array: "a list" };

/** Hints for unknown keys that are no typing errors. */
const KEY_HINTS: Readonly<Record<string, string>> = {
  "<<": "merge keys are not part of the language",
  version: didYouMean("apiVersion"),
  bandwidth: didYouMean("capacity"),
  speed: didYouMean("capacity"),
  rate: didYouMean("limit"),
  weight: didYouMean("shares"),
  ip: didYouMean("addresses"),
};

const missing = (path: Path): SpecProblem => ({
  code: "SPEC_INVALID",
  path,
  message: `${String(path.at(-1))} is missing`,
});

function unknownKeys(schema: z.core.$ZodType, path: Path, keys: readonly string[]): SpecProblem[] {
  const known = keysAt(schema, path);
  return keys.map((key) => {
    const near = nearestWord(key, known);
    const other = Object.hasOwn(KEY_HINTS, key) ? KEY_HINTS[key] : undefined;
    const hint = near === undefined ? other : didYouMean(near);
    return {
      code: "SPEC_INVALID",
      path: [...path, key],
      message: "unknown key",
      found: key,
      allowed: `one of ${known.join(", ")}`,
      point: "key",
      ...(hint === undefined ? {} : { hint }),
    };
  });
}

/** Turns what zod found into problems of the spec. */
export function schemaProblems(schema: z.core.$ZodType, issues: readonly z.core.$ZodIssue[]): SpecProblem[] {
  return issues.flatMap((issue): SpecProblem[] => {
    const path = issue.path as Path;
    switch (issue.code) {
      case "unrecognized_keys":
        return unknownKeys(schema, path, issue.keys);
      case "invalid_type":
        if (issue.message.endsWith("received undefined")) return [missing(path)];
        return [{ code: "SPEC_INVALID", path, message: "", allowed: KINDS[issue.expected] ?? issue.expected }];
      case "too_big":
        return [{ code: "SPEC_INVALID", path, message: "too many entries", allowed: `at most ${issue.maximum}` }];
      case "too_small":
        return [{ code: "SPEC_INVALID", path, message: "the list is empty", allowed: "one entry or more" }];
      case "invalid_union": {
        const ofMap = issue.errors.at(-1) ?? [];
        const isMap = !ofMap.some((inner) => inner.path.length === 0 && inner.code === "invalid_type");
        if (isMap)
          return schemaProblems(
            schema,
            ofMap.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
          );
        const allowed = `off, or a map of ${keysAt(schema, path).join(", ")}`;
        return [{ code: "SPEC_INVALID", path, message: "", allowed }];
      }
      case "custom": {
        const params = issue.params as IssueParams;
        if ("missing" in params) return [missing(path)];
        return [{ code: "SPEC_INVALID", path, message: "", ...params }];
      }
      default:
        return [{ code: "SPEC_INVALID", path, message: issue.message }];
    }
  });
}
