/**
 * `node packages/lab/src/vm/bench-in-guest.ts WORD...`: `gona bench WORD...` under Debian's 6.1 kernel, in a QEMU guest
 * with this machine's files. Emulated, and so some ten times slower: for what this machine's kernel has not, not for figures of speed.
 */

import { setTimeout as delay } from "node:timers/promises";
import { REPOSITORY } from "../bed/lab-paths.ts";
import { runCommand } from "../bed/run-command.ts";
import { GuestMachine } from "./guest-machine.ts";
import { hostRoot } from "./host-root.ts";

const WITHIN_MS = 45 * 60_000;
const SHOW_MS = 5000;
const SLOWER = 8;

const netns = `gona-vmbench${process.pid}`;
await runCommand("ip", ["netns", "add", netns]);
try {
  await using guest = await GuestMachine.start({ netns, nics: [], share: "/", memoryMebibytes: 1536, processors: 2 });
  const here = await hostRoot(guest);
  const words = process.argv.slice(2).join(" ");
  const bench = `cd ${REPOSITORY}; export GONA_LAB_SLOWNESS=${SLOWER}; ./gona bench ${words}`;
  const end = guest.try(`${here(bench)} >/run/bench 2>&1`, WITHIN_MS);
  let shown = 0;
  const show = async (): Promise<void> => {
    const more = await guest.run(`tail -c +${shown + 1} /run/bench 2>/dev/null || true`, WITHIN_MS);
    shown += Buffer.byteLength(more);
    process.stdout.write(more);
  };
  while (!(await Promise.race([end.then(() => true), delay(SHOW_MS, false)]))) await show();
  await show();
  process.exitCode = (await end).code;
} finally {
  await runCommand("ip", ["netns", "delete", netns]);
}
