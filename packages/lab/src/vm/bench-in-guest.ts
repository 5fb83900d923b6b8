/** `node packages/lab/src/vm/bench-in-guest.ts WORD...`: `gona bench WORD...` under Debian's 6.1 kernel; rows as JSON. */

import { benchInGuest } from "./guest-bench.ts";

const rows = await benchInGuest(process.argv.slice(2), {
  progress: (line) => void process.stderr.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
