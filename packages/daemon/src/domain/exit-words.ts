/** What is known of the end of a process. */
export interface Ending {
  /** Undefined where it was not this daemon's child, of which the kernel says nothing. */
  readonly status?: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  /** The kernel killed it for want of memory. */
  readonly outOfMemory: boolean;
  /** The last lines that it wrote. */
  readonly lastWords: string;
}

/** Why a process is gone, in the words of events: "killed by SIGKILL", "exited with code 1: Error: …". */
export function exitWords({ status, outOfMemory, lastWords }: Ending): string {
  const said = lastWords === "" ? "" : `: ${lastWords}`;
  if (outOfMemory) return "out of memory: killed by the kernel";
  if (status === undefined) return `its process ended${said}`;
  if (status.signal !== null) return `killed by ${status.signal}`;
  return `exited with code ${status.code}${said}`;
}
