import { spawn } from "node:child_process";
import { GonaError } from "@gona/model";

/**
 * Runs a short-lived tool to its end and returns its standard output. Throws GonaError: NO_LIBRARY
 * when it is not installed, KERNEL_REFUSED with its own words when it fails.
 */
export function runCommand(command: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => out.push(part));
    child.stderr.on("data", (part: Buffer) => err.push(part));
    child.on("error", (cause) => {
      reject(new GonaError("NO_LIBRARY", `the lab needs ${command}: ${cause.message}`, {}, { cause }));
    });
    child.on("close", (code) => {
      if (code === 0) return resolve(Buffer.concat(out).toString());
      const words = Buffer.concat(err).toString().trim() || `exit code ${code}`;
      const shown = [command, ...args].join(" ");
      reject(new GonaError("KERNEL_REFUSED", `${shown}: ${words}${input === "" ? "" : offendingLine(words, input)}`));
    });
    // A tool that ends early closes its end; its exit code tells the story.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

/** `ip -batch -` says `Command failed -:3`: the third line is what a reader wants to see. */
function offendingLine(words: string, input: string): string {
  const number = Number(/Command failed -:(\d+)/.exec(words)?.[1]);
  const line = input.split("\n")[number - 1];
  return line === undefined ? "" : ` (line ${number}: ${line})`;
}

/** Commands of iproute2 inside a namespace, all or up to the first that fails. */
export async function ipBatch(netns: string, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await runCommand("ip", ["-n", netns, "-batch", "-"], `${lines.join("\n")}\n`);
}

/** Runs a tool inside a namespace. The mount namespace stays, so paths mean what they mean here. */
export const runInside = (netns: string, command: string, args: readonly string[], input = ""): Promise<string> =>
  runCommand("nsenter", [`--net=/run/netns/${netns}`, command, ...args], input);
