import { readFileSync } from "node:fs";

/** What /proc says of a process. */
export interface ProcessFacts {
  /**
   * R runs or waits for a CPU, S sleeps, D waits inside the kernel, T is stopped, t is traced, Z has ended: of its first
   * thread, which may end before the others.
   */
  readonly state: string;
  /** Those that have not ended, and the first one until somebody asks for its status. */
  readonly threads: number;
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

/** With all its threads: only then is it in no control group any more. */
export const hasEnded = ({ state, threads }: ProcessFacts): boolean => "ZX".includes(state) && threads <= 1;

/** Text of /proc/PID/stat (proc_pid_stat(5)); the name in it may hold spaces and parentheses. */
export function parseStat(text: string): ProcessFacts {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (place: number): number => Number(fields[place - 3]);
  const cpuTicks = number(14) + number(15);
  return { state: fields[0] ?? "Z", threads: number(20), cpuTicks, startTicks: number(22) };
}
