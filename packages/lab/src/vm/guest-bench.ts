import { setTimeout as delay } from "node:timers/promises";
import { GonaError } from "@gona/model";
import { REPOSITORY } from "../bed/lab-paths.ts";
import { runCommand } from "../bed/run-command.ts";
import type { BenchRow } from "../bench/bench-row.ts";
import { GuestMachine } from "./guest-machine.ts";
import { hostRoot } from "./host-root.ts";

export interface GuestBenchOptions {
  /** One line that the bench said. */
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal;
}

const WITHIN_MS = 45 * 60_000;
const SHOW_MS = 5000;
/** How many times slower than this machine an emulated one may be, for deadlines: 8 alone, more beside other work. */
const SLOWER = 20;
const BOOT_MS = 300_000;

/**
 * `gona bench WORD...` under Debian's 6.1 kernel, in a QEMU guest with this machine's files. Emulated, and so some ten
 * times slower: for what this machine's kernel has not, not for figures of speed. Throws GonaError with the guest's words.
 */
export async function benchInGuest(
  words: readonly string[],
  { progress, signal }: GuestBenchOptions,
): Promise<readonly BenchRow[]> {
  const netns = `gona-vmbench${process.pid}`;
  await runCommand("ip", ["netns", "add", netns]);
  try {
    await using guest = await GuestMachine.start({
      ...{ netns, nics: [], share: "/" },
      ...{ memoryMebibytes: 2048, processors: 2, bootWithinMs: BOOT_MS },
    });
    const here = await hostRoot(guest);
    const command = `./gona bench ${words.join(" ")} --json`;
    const bench = `cd ${REPOSITORY}; export GONA_LAB_SLOWNESS=${SLOWER}; ${command}`;
    const end = guest.try(`${here(bench)} >/run/rows 2>/run/words`, WITHIN_MS);
    const show = lineReader(guest, progress);
    while (!(await Promise.race([end.then(() => true), delay(SHOW_MS, false)]))) {
      signal?.throwIfAborted();
      await show();
    }
    await show();
    const { code } = await end;
    if (code === 0) return JSON.parse(await guest.run("cat /run/rows")) as readonly BenchRow[];
    const last = await guest.run("tail -n 20 /run/words");
    throw new GonaError("SCENARIO_FAILED", `in the guest: ${command}: exit code ${code}: ${last.trim()}`);
  } finally {
    await runCommand("ip", ["netns", "delete", netns]);
  }
}

/** Hands on what the bench has said since the last call, whole lines only. */
function lineReader(guest: GuestMachine, progress: (line: string) => void): () => Promise<void> {
  let shown = 0;
  return async () => {
    const more = await guest.run(`tail -c +${shown + 1} /run/words 2>/dev/null || true`, WITHIN_MS);
    const whole = more.slice(0, more.lastIndexOf("\n") + 1);
    shown += Buffer.byteLength(whole);
    for (const line of whole.split("\n").slice(0, -1)) progress(line);
  };
}
