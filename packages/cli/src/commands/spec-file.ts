import { findingsError, GonaError, type ParsedSpec, parseSpec, unsupported } from "@gona/model";
import type { CliContext } from "../cli-context.ts";

/** A spec's file, read and parsed here, so that errors come without a daemon and name the user's file. */
export interface SpecFile {
  readonly text: string;
  readonly file: string;
  readonly parsed: ParsedSpec;
}

/** Reads a spec. Throws NOT_FOUND, SPEC_TOO_LARGE or SpecErrors, also for what this version does not execute. */
export async function readSpecFile(context: CliContext, path: string): Promise<SpecFile> {
  const file = path === "-" ? "<stdin>" : path;
  const text = await context.readText(path);
  const parsed = parseSpec(text, { file });
  const error = findingsError(unsupported(parsed.spec), parsed);
  if (error !== undefined) throw error;
  return { text, file, parsed };
}

/** What `ask` answers, or undefined where no daemon can be reached. */
export async function unlessUnreachable<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GonaError && error.code === "DAEMON_UNREACHABLE") return undefined;
    throw error;
  }
}
