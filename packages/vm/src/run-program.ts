import { spawn } from "node:child_process";
import { GonaError } from "@gona/model";

/** Runs a program to its end; its standard output. Throws NO_LIBRARY where it is missing or fails, with its words. */
export function runProgram(program: string, args: readonly string[], input?: Uint8Array): Promise<Buffer> {
  const done = Promise.withResolvers<Buffer>();
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  const output: Buffer[] = [];
  let words = "";
  child.stdout.on("data", (part: Buffer) => void output.push(part));
  child.stderr.on("data", (part: Buffer) => {
    words = (words + part.toString()).slice(-1000);
  });
  child.on("error", (cause) => done.reject(new GonaError("NO_LIBRARY", `${program} cannot be run`, {}, { cause })));
  child.on("close", (code) => {
    if (code === 0) done.resolve(Buffer.concat(output));
    else done.reject(new GonaError("NO_LIBRARY", `${program}: exit code ${code}: ${words.trim()}`));
  });
  // A program that ends without reading all says so by its exit code.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  return done.promise;
}
