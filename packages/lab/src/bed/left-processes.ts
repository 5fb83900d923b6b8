import { readdirSync, readFileSync } from "node:fs";
import { identify, type ProcessIdentity } from "./process-identity.ts";

/**
 * Processes whose words name a file below `directory`: what a daemon starts in its run dir and leaves behind, agents and
 * virtual machines of driver domains. Not this one.
 */
export function processesNaming(directory: string): readonly ProcessIdentity[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid || !wordsOf(entry).includes(`${directory}/`)) return [];
    const identity = identify(Number(entry));
    return identity === undefined ? [] : [identity];
  });
}

function wordsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return ""; // it ended meanwhile
  }
}
