import { type GonaError, parseSpec, SpecErrors } from "../src/index.ts";

/** The errors of a bad text, each as `path: message (hint)`; [] for a good one. Anything but SpecErrors fails the test. */
export function errorsOf(text: string): readonly GonaError[] {
  try {
    parseSpec(text, { file: "host.yaml" });
    return [];
  } catch (error) {
    if (error instanceof SpecErrors) return error.errors;
    throw error;
  }
}
