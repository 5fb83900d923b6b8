import { GonaError, type SpecLocation } from "../gona-error.ts";
import type { HostSpec } from "../host-spec.ts";
import { utf8Length } from "../scalar/utf8-length.ts";
import { checkGuests } from "./check-guests.ts";
import { checkHost } from "./check-host.ts";
import { Raw } from "./raw.ts";
import { readSpecText } from "./read-spec-text.ts";
import { resolveSpec } from "./resolve-spec.ts";
import { schemaProblems } from "./schema-problems.ts";
import { joinErrors, SpecPlaces } from "./spec-errors.ts";
import { parsePath } from "./spec-path.ts";
import type { SpecProblem } from "./spec-problem.ts";
import { SpecSchema } from "./spec-schema.ts";

export interface ParseOptions {
  /** For error messages. */
  readonly file: string;
  /** UTF-8 bytes; 4 MB where not given. */
  readonly maxBytes?: number;
}

export interface ParsedSpec {
  readonly spec: HostSpec;
  /** Where `guests[0].aggregate.slices[1].nic` stands; its nearest parent where it stands nowhere. */
  locate(path: string): SpecLocation;
}

/** 4,096 vifs of 4 slices each, written out in YAML, take 2.5 MB. */
export const DEFAULT_MAX_SPEC_BYTES = 4_000_000;

/** Throws SPEC_TOO_LARGE. */
export function checkSize(text: string, { file, maxBytes = DEFAULT_MAX_SPEC_BYTES }: ParseOptions): void {
  // UTF-8 takes 1 to 3 bytes a UTF-16 unit, so most texts need no count.
  if (text.length * 3 <= maxBytes) return;
  const size = text.length > maxBytes ? text.length : utf8Length(text);
  if (size <= maxBytes) return;
  throw new GonaError("SPEC_TOO_LARGE", `the spec has ${size} bytes or more`, {
    location: { file, line: 1, column: 1, path: "" },
    found: `${size} bytes`,
    allowed: `at most ${maxBytes} bytes`,
  });
}

/** Without the byte order mark that Windows puts in front. */
export const withoutMark = (text: string): string => (text.startsWith("\ufeff") ? text.slice(1) : text);

/** Where things stand in a good text, which is read for its places when the first is asked for. */
export function locator(text: string, file: string): ParsedSpec["locate"] {
  let places: SpecPlaces | undefined;
  return (path) => {
    places ??= new SpecPlaces(file, text, readSpecText(text).source);
    return places.locate(parsePath(path));
  };
}

/**
 * Reads a host spec, YAML or JSON. Throws SpecErrors with everything that is wrong, in the order
 * of the text, or GonaError SPEC_TOO_LARGE.
 */
export function parseSpec(original: string, options: ParseOptions): ParsedSpec {
  checkSize(original, options);
  const text = withoutMark(original);
  const { source, problems: syntax } = readSpecText(text);
  const places = new SpecPlaces(options.file, text, source);
  const errors = syntax.map((problem) => places.syntaxError(problem));
  if (source !== undefined) {
    const problems: SpecProblem[] = [];
    const parsed = SpecSchema.safeParse(source.value);
    if (source.value === null || source.value === undefined) {
      problems.push({
        code: "SPEC_INVALID",
        path: [],
        message: "the spec is empty",
        allowed: 'a map with "apiVersion: gona/v1"',
      });
    } else if (!parsed.success) problems.push(...schemaProblems(SpecSchema, parsed.error.issues));
    const root = new Raw(source.value);
    checkGuests(root, checkHost(root, problems), problems);
    errors.push(...problems.map((problem) => places.problemError(problem)));
    if (errors.length === 0 && parsed.success) {
      return { spec: resolveSpec(parsed.data), locate: locator(text, options.file) };
    }
  }
  throw joinErrors(errors) ?? new GonaError("BUG", "a spec without errors could not be read");
}
