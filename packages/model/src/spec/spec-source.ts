import type { Path } from "./spec-path.ts";
import type { ProblemPoint } from "./spec-problem.ts";

/** Where an entry of the spec stands in its text. */
export interface SourcePlace {
  readonly offset: number;
  /** The text of the value; absent for maps, lists, and where the path does not exist. */
  readonly text?: string;
  readonly kind: "map" | "list" | "scalar" | "nothing" | "absent";
}

/** A spec's text, read. Places are found only when asked for: a good spec needs none. */
export interface SpecSource {
  readonly value: unknown;
  /** The place of `path`; of its nearest existing parent where it does not exist. */
  place(path: Path, point: ProblemPoint): SourcePlace;
}

/** What keeps a text from being read at all; offsets count from the start of the text. */
export interface SyntaxProblem {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
  readonly path?: Path;
}

export interface ReadResult {
  /** Absent where the text is too broken to go on. */
  readonly source?: SpecSource;
  readonly problems: readonly SyntaxProblem[];
}

/** Deeper than any spec needs; keeps recursive readers off the end of the stack. */
export const MAX_DEPTH = 64;
