import { readdirSync, readFileSync } from "node:fs";
import { ProcessHandle } from "./process-handle.ts";

/** Processes that have these words on their command line, such as a file that is theirs alone. Not this one. */
export function processesNaming(words: string): readonly ProcessHandle[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return numbers.flatMap((name) => {
    const pid = Number(name);
    if (!commandLine(pid).includes(words)) return [];
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
