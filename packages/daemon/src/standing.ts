import type { ControllerState } from "@gona/api";
import { type ErrorCode, GonaError } from "@gona/model";
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

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
