import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** The kernel's clock ticks a second, USER_HZ: 100 on all that Linux runs on here. */
const TICKS_PER_SECOND = 100;

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (line === null) throw new Error(`process ${pid} has no VmRSS`);
  return Number(line[1]) * 1024;
}

/** Processor time that a process uses over a while, as a part of one core. */
export async function processorShare(pid: number, milliseconds: number): Promise<number> {
  const before = processorSeconds(pid);
  const start = performance.now();
  await delay(milliseconds);
  return (processorSeconds(pid) - before) / ((performance.now() - start) / 1000);
}

function processorSeconds(pid: number): number {
  // After the command's name, which may hold spaces: fields 14 and 15, user and system time.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
