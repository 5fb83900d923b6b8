import type { ErrorCode } from "../error-catalogue.ts";
import type { Path } from "./spec-path.ts";

/** Which part of an entry a problem points at. */
export type ProblemPoint = "value" | "key";

/**
 * One thing wrong with a spec, before it has a place in a file. The planner's Finding has the same
 * fields with the path as text.
 */
export interface SpecProblem {
  readonly code: ErrorCode;
  readonly path: Path;
  /** One sentence; empty where `found … allowed …` says it all. */
  readonly message: string;
  readonly allowed?: string;
  readonly hint?: string;
  /** Where `path` exists: its value (default) or its key. Where it does not, its nearest parent is pointed at. */
  readonly point?: ProblemPoint;
  /** Instead of what the source says. */
  readonly found?: string;
}
