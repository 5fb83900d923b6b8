import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

/**
 * Runs a command on this terminal; its exit code (128 + n for a signal). Signals to us go on to it, and we wait for
 * its end: it has something to clean up.
 * @param {readonly string[]} argv
 * @returns {Promise<number>}
 */
export function follow(argv) {
  const [program = "", ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { cwd: root, stdio: "inherit" });
    // A terminal sends SIGINT to both of us; npm sends SIGTERM to us alone.
    process.on("SIGINT", () => undefined);
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    process.on("SIGHUP", () => child.kill("SIGTERM"));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}
