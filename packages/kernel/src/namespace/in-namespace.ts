import { isAbsolute } from "node:path";
import { check } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { libc } from "../libc/libc.ts";

export const NETNS_DIRECTORY = "/run/netns";
const CLONE_NEWNET = 0x40000000;
/** Of the calling thread; /proc/self would be the process's first thread. */
const OWN_NAMESPACE = "/proc/thread-self/ns/net";

/** `/run/netns/web1` for `web1`; an absolute path (`/proc/42/ns/net`) stays. */
export const namespacePath = (netns: string): string => (isAbsolute(netns) ? netns : `${NETNS_DIRECTORY}/${netns}`);

/**
 * Runs `work` with the calling thread inside a network namespace, given by name or path, and comes
 * back whatever happens. Sockets and test runs keep the namespace that they were made in, so this
 * is all it takes to reach another one. `work` must be synchronous: nothing else of the process may
 * run meanwhile. Throws KernelError, TypeError for a promise, and what `work` throws.
 */
export function inNamespace<T>(netns: string, work: () => T): T {
  if (work.constructor.name === "AsyncFunction") throw new TypeError("work inside a namespace must be synchronous");
  using target = Fd.open(namespacePath(netns));
  using own = Fd.open(OWN_NAMESPACE);
  check(libc.setns(target.number, CLONE_NEWNET), `setns ${namespacePath(netns)}`);
  return returning(own, work);
}

/** Runs `work` inside a network namespace that begins to exist now. */
export function inNewNamespace<T>(work: () => T): T {
  using own = Fd.open(OWN_NAMESPACE);
  check(libc.unshare(CLONE_NEWNET), "unshare --net");
  return returning(own, work);
}

function returning<T>(own: Fd, work: () => T): T {
  let result: T;
  try {
    result = work();
  } finally {
    check(libc.setns(own.number, CLONE_NEWNET), "setns back to the own namespace");
  }
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new TypeError("work inside a namespace must be synchronous");
  }
  return result;
}
