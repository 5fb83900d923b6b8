import { hasEnded, processFacts } from "@gona/kernel";

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks since boot. */
  readonly startTime: string;
}

/** When a process started; undefined when there is none, or only its corpse. */
export function startTimeOf(pid: number): string | undefined {
  const facts = processFacts(pid);
  return facts === undefined || hasEnded(facts) ? undefined : String(facts.startTicks);
}

export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

export const isAlive = (process: ProcessIdentity): boolean => startTimeOf(process.pid) === process.startTime;

/** Sends a signal to that very process; false when it is gone. */
export function signal(process_: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isAlive(process_)) return false;
  try {
    return process.kill(process_.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
