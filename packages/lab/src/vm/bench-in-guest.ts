/**
 * `node packages/lab/src/vm/bench-in-guest.ts WORD...`: `gona bench WORD...` under Debian's 6.1 kernel; rows as JSON.
 * A signal ends the guest too.
 */

import { benchInGuest } from "./guest-bench.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(new Error(signal)));
const rows = await benchInGuest(process.argv.slice(2), {
  progress: (line) => void process.stderr.write(`${line}\n`),
  signal: stop.signal,
});
process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
