import { readFileSync } from "node:fs";
import { GonaError } from "@gona/model";
import type { SpecText } from "./spec-intake.ts";

/** Throws NOT_FOUND when the file cannot be read. */
export function readSpecFile(file: string): SpecText {
  try {
    return { text: readFileSync(file, "utf8"), file };
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new GonaError("NOT_FOUND", `cannot read the spec: ${words}`, { found: file }, { cause });
  }
}
