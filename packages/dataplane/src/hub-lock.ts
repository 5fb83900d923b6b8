import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { FileLock, KernelError, NamespaceLock } from "@gona/kernel";
import { GonaError } from "@gona/model";
import type { HubKernel } from "./hub-kernel.ts";

/** Held by one daemon in each network namespace: two would fight over its links. */
const NAMESPACE_LOCK = "gona-hub";

/**
 * Holds a run dir and a network namespace for one daemon; both are free again when its process ends,
 * however it ends. Throws DAEMON_RUNNING, or STORAGE where the run dir cannot be written.
 */
export function lockHub(kernel: Pick<HubKernel, "inside">, runDir: string): Disposable {
  using held = new DisposableStack();
  const file = held.use(acquireFile(runDir));
  if (file === undefined) throw new GonaError("DAEMON_RUNNING", `another daemon holds the run dir ${runDir}`);
  const namespace = held.use(kernel.inside(() => NamespaceLock.acquire(NAMESPACE_LOCK)));
  if (namespace === undefined) {
    throw new GonaError("DAEMON_RUNNING", "another daemon holds this network namespace, by another run dir", {
      hint: "one daemon serves a namespace; ss -xlp | grep gona-hub shows which",
    });
  }
  return held.move();
}

function acquireFile(runDir: string): FileLock | undefined {
  const path = join(runDir, "lock");
  try {
    mkdirSync(runDir, { recursive: true, mode: 0o755 });
    return FileLock.acquire(path);
  } catch (cause) {
    const isSystem = cause instanceof KernelError || (cause instanceof Error && "code" in cause);
    if (!isSystem) throw cause;
    throw new GonaError("STORAGE", `the run dir ${runDir} cannot be used: ${cause.message}`, {}, { cause });
  }
}
