/** `gona`: the composition root. Wires the real world to runCli and leaves with its exit code. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { GonaClient } from "@gona/api";
import { ENTRY_POINTS } from "./entry-points.ts";
import { readText } from "./read-text.ts";
import { runCli } from "./run-cli.ts";
import { terminal } from "./terminal.ts";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());

// A reader that has seen enough (`gona get events | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
}

process.exitCode = await runCli(process.argv.slice(2), {
  out: terminal(process.stdout, process.env),
  err: terminal(process.stderr, process.env),
  version: manifest.version,
  entryPoints: ENTRY_POINTS,
  signal: stop.signal,
  client: (runDir) => new GonaClient({ runDir, signal: stop.signal }),
  readText,
  pause: (ms) => sleep(ms, true, { signal: stop.signal }).catch(() => false),
  now: () => performance.now(),
});
