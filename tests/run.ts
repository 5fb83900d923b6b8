import { execFileSync } from "node:child_process";

/** Runs a program to its end; throws with what it said when it fails. */
export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
