import { ERROR_CATALOGUE, type ErrorClass, type ErrorCode } from "./error-catalogue.ts";

/** Where in a spec: line and column count from 1; `path` as in `guests[0].aggregate.slices[1].nic`. */
export interface SpecLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
}

export interface ErrorDetail {
  readonly location?: SpecLocation;
  /** What was found, as the user wrote it. */
  readonly found?: string;
  /** What is allowed there. */
  readonly allowed?: string;
  /** What to do, or the nearest valid word. */
  readonly hint?: string;
}

/** The one error that users see: a code of the catalogue, one sentence, a place and a hint. */
export class GonaError extends Error {
  override readonly name = "GonaError";
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.detail = detail;
  }

  get class(): ErrorClass {
    return ERROR_CATALOGUE[this.code];
  }

  get exitCode(): ErrorClass["exitCode"] {
    return this.class.exitCode;
  }
}

/**
 * Several spec errors found in one pass, each a whole GonaError; `code` and place are those of the
 * first. At least one.
 */
export class SpecErrors extends GonaError {
  readonly errors: readonly GonaError[];

  constructor(errors: readonly [GonaError, ...GonaError[]]) {
    const [first] = errors;
    super(first.code, first.message, first.detail);
    this.errors = errors;
  }
}
