import { join } from "node:path";
import { FileLock, KernelError } from "@gona/kernel";
import { GonaError } from "@gona/model";

/**
 * Holds a state dir for one daemon: two in different namespaces, started with the same default, would
 * take each other's revisions for their own. Throws DAEMON_RUNNING, which names the run dir where
 * that is held as well, and STORAGE.
 */
export function lockStateDir(stateDir: string, runDir: string): Disposable {
  const lock = acquire(stateDir);
  if (lock !== undefined) return lock;
  using free = acquire(runDir);
  if (free === undefined) throw new GonaError("DAEMON_RUNNING", `another daemon holds the run dir ${runDir}`);
  throw new GonaError("DAEMON_RUNNING", `another daemon holds the state dir ${stateDir}, by another run dir`, {
    hint: "each daemon needs a --state-dir of its own",
  });
}

function acquire(directory: string): FileLock | undefined {
  try {
    return FileLock.acquire(join(directory, "lock"));
  } catch (cause) {
    if (!(cause instanceof KernelError)) throw cause;
    throw new GonaError("STORAGE", `cannot use ${directory}: ${cause.message}`, {}, { cause });
  }
}
