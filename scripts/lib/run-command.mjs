import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

/**
 * @typedef {{ code: number, output: string, stdout: string }} Finished
 * `output` is stdout and stderr together, in order of arrival; code 127 stands for "no such command",
 * 128+n for a signal, 124 for a run that passed its deadline.
 */

/**
 * Runs a command to its end with its output kept, never thrown away: the caller decides what to show.
 * @param {readonly string[]} argv
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, deadlineMs?: number, input?: string, onLine?: (line: string) => void }} [options]
 * @returns {Promise<Finished>}
 */
export function runCommand(argv, options = {}) {
  const [program = "", ...rest] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      cwd: options.cwd ?? root,
      env: { ...process.env, LC_ALL: "C", ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    // Who ends without reading has said why on the other streams.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    let output = "";
    let stdout = "";
    let late = false;
    /** @param {Buffer} chunk */
    const take = (chunk) => {
      output += chunk;
      const line = String(chunk).trimEnd().split("\n").at(-1);
      if (line !== undefined && line !== "") options.onLine?.(line);
    };
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      take(chunk);
    });
    child.stderr.on("data", take);
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGTERM");
    }, options.deadlineMs ?? 600_000);
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ code: 127, output: output + error.message, stdout });
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: late ? 124 : (code ?? (signal === "SIGINT" ? 130 : 137)), output, stdout });
    });
  });
}

/** The last lines of a command's output that say something. @param {string} output @param {number} [count] */
export const lastWords = (output, count = 8) =>
  output
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .slice(-count)
    .join("\n");
