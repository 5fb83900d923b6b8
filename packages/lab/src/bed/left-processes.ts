import { readdirSync, readFileSync } from "node:fs";
import { identify, type ProcessIdentity } from "./process-identity.ts";

/**
 * Processes in whose words `path` stands, a directory with its last slash or the beginning of a file's name: what a daemon starts in its run dir and leaves behind, agents and
 * virtual machines of driver domains. Not this one.
 */
export function processesNaming(path: string): readonly ProcessIdentity[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid || !wordsOf(entry).includes(path)) return [];
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
