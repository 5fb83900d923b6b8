import { readFileSync } from "node:fs";

/** What /proc says of a process. */
export interface ProcessFacts {
  /** R runs or waits for a CPU, S sleeps, D waits inside the kernel, T is stopped, t is traced, Z has ended. */
  readonly state: string;
  /** Time on a CPU, of all its threads, in clock ticks (1/100 s). */
  readonly cpuTicks: number;
  /** Clock ticks after the boot; with the pid it names one process for good. */
  readonly startTicks: number;
}

/** Of a process by its number; undefined when there is none. */
export function processFacts(pid: number): ProcessFacts | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined; // it is gone, which is an answer
  }
}

/** Text of /proc/PID/stat (proc_pid_stat(5)); the name in it may hold spaces and parentheses. */
export function parseStat(text: string): ProcessFacts {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (place: number): number => Number(fields[place - 3]);
  return { state: fields[0] ?? "Z", cpuTicks: number(14) + number(15), startTicks: number(22) };
}
