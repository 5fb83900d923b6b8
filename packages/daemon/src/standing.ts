import type { ControllerState } from "@gona/api";
import { type ErrorCode, formatErrors, GonaError } from "@gona/model";
import type { Pending } from "@gona/planner";

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly atMs: number;
}

/** What the controller says about itself. */
export interface Standing {
  readonly state: ControllerState;
  readonly pending: readonly Pending[];
  /** Why the hub is not at the target; until it is. */
  readonly reconcileFailure?: Failure | undefined;
  /** Why the last apply came to nothing; until one succeeds. */
  readonly applyFailure?: Failure | undefined;
}

/** An error's code; one that is not of the catalogue is our own bug. */
export const codeOf = (error: unknown): ErrorCode => (error instanceof GonaError ? error.code : "BUG");

/** One sentence, with what was found and what to do; of bad input, where the place is told beside it, the bare message. */
export function messageOf(error: unknown): string {
  if (error instanceof GonaError && error.class.fault !== "input") return formatErrors(error);
  return error instanceof Error ? error.message : String(error);
}
