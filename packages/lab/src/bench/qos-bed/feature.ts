import { GonaError, SpecErrors } from "@gona/model";

/** Whether an error says that this version understands a part of the spec and does not execute it yet. */
export function isUnsupported(error: unknown): error is GonaError {
  if (error instanceof SpecErrors) return error.errors.every(({ code }) => code === "SPEC_UNSUPPORTED");
  return error instanceof GonaError && error.code === "SPEC_UNSUPPORTED";
}
