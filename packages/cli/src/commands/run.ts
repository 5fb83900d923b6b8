import type { ExitCode } from "../cli-context.ts";

/** Makes a commander action of a function that says its exit code. */
export type Run = <Args extends readonly unknown[]>(
  action: (...args: Args) => Promise<ExitCode>,
) => (...args: Args) => Promise<void>;

/** The exit code that an entry point returned; anything outside the list is a failure. */
export const toExitCode = (code: number): ExitCode => (code === 0 || code === 2 || code === 3 || code === 4 ? code : 1);
