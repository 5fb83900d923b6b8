import { readdirSync, readFileSync } from "node:fs";
import { ProcessHandle } from "./process-handle.ts";

/** Pids of those that have these words on their command line, such as a file that is theirs alone. Not this process. */
export function pidsNaming(words: string): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => pid !== process.pid && commandLine(pid).includes(words));
}

/** The same, held: dispose of each. */
export function processesNaming(words: string): readonly ProcessHandle[] {
  return pidsNaming(words).flatMap((pid) => {
    const handle = ProcessHandle.open(pid);
    // Once more: from here on the number cannot change its owner unseen.
    if (handle !== undefined && commandLine(pid).includes(words)) return [handle];
    handle?.[Symbol.dispose]();
    return [];
  });
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return ""; // it ended meanwhile
  }
}
