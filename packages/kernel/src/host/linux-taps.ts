import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { KernelError } from "../kernel-error.ts";
import { namespacePath } from "../namespace/in-namespace.ts";
import { foreignFd } from "./foreign-fd.ts";
import { TapQueue } from "./tap-queue.ts";

/** INT_MAX: what a tap begins with. Its holder then never waits, and what is too much is dropped. */
export const UNLIMITED_SEND_BUFFER = 0x7fffffff;

export type TapOutcome =
  /** `changed`: it was another before. */
  | { readonly kind: "limited"; readonly changed: boolean }
  /** No process has it open; one that may not be looked into counts as none. */
  | { readonly kind: "unheld"; readonly hidden: boolean }
  /** Left as it is: whoever holds it would wait for ever. */
  | { readonly kind: "blocking" }
  | { readonly kind: "refused"; readonly reason: string };

/** Back-pressure of taps: how much a VM may have under way before its hypervisor has to wait. */
export interface Taps {
  /**
   * Limits the send buffers of taps of one namespace, by name, in bytes as the kernel counts memory.
   * Taps that are limited so already stay untouched. Yields to the event loop every now and then.
   */
  limit(wanted: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, TapOutcome>>;
}

interface Holder {
  readonly pid: number;
  readonly fd: number;
}

/** Processes looked into before others get a turn. */
const PROCESSES_A_TURN = 8;
const TAPS_A_TURN = 32;

/**
 * Only whoever has a tap open can set its send buffer, so the hypervisor's own descriptor is found
 * by /proc/PID/fdinfo and duplicated for the moment. Needs root and CAP_SYS_PTRACE.
 */
export class LinuxTaps implements Taps {
  /** Where each was found last: looking through all processes is for what is not there any more. */
  readonly #holders = new Map<string, readonly Holder[]>();
  readonly #namespaceInode: number;

  /** @param netns a name or path; this process's own namespace where absent */
  constructor(netns?: string) {
    this.#namespaceInode = statSync(netns === undefined ? "/proc/self/ns/net" : namespacePath(netns)).ino;
  }

  async limit(wanted: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, TapOutcome>> {
    const outcomes = new Map<string, TapOutcome>();
    let done = 0;
    for (const [tap, sendBufferBytes] of wanted) {
      if (++done % TAPS_A_TURN === 0) await nextTurn();
      const known = this.#limitBy(this.#holders.get(tap) ?? [], tap, sendBufferBytes);
      if (known !== undefined) outcomes.set(tap, known);
    }
    const left = new Map([...wanted].filter(([tap]) => !isFinal(outcomes.get(tap))));
    if (left.size === 0) return outcomes;
    const { holders, hidden } = await findHolders(left);
    for (const [tap, sendBufferBytes] of left) {
      const found = holders.get(tap) ?? [];
      this.#holders.set(tap, found);
      outcomes.set(tap, this.#limitBy(found, tap, sendBufferBytes) ?? { kind: "unheld", hidden });
    }
    return outcomes;
  }

  /** Undefined where none of them holds it (any more). */
  #limitBy(holders: readonly Holder[], tap: string, sendBufferBytes: number): TapOutcome | undefined {
    let refused: TapOutcome | undefined;
    let limited: { kind: "limited"; changed: boolean } | undefined;
    for (const { pid, fd } of holders) {
      try {
        using queue = new TapQueue(foreignFd(pid, fd));
        if (!queue.isOf(tap, this.#namespaceInode)) continue;
        const changed = queue.sendBufferBytes !== sendBufferBytes;
        if (!queue.nonBlocking && sendBufferBytes < UNLIMITED_SEND_BUFFER) return { kind: "blocking" };
        if (changed) queue.limit(sendBufferBytes);
        limited = { kind: "limited", changed: changed || limited?.changed === true };
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        // It ended, or closed the tap, since it was found.
        if (["ESRCH", "EBADF", "EBADFD", "EINVAL"].includes(error.errno)) continue;
        refused = { kind: "refused", reason: error.message };
      }
    }
    return limited ?? refused;
  }
}

const isFinal = (outcome: TapOutcome | undefined): boolean =>
  outcome?.kind === "limited" || outcome?.kind === "blocking";

/** `hidden`: some process did not let itself be looked into. */
async function findHolders(
  taps: ReadonlyMap<string, unknown>,
): Promise<{ holders: ReadonlyMap<string, readonly Holder[]>; hidden: boolean }> {
  const holders = new Map<string, Holder[]>();
  let hidden = false;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  for (const [index, pid] of pids.entries()) {
    if (index % PROCESSES_A_TURN === PROCESSES_A_TURN - 1) await nextTurn();
    try {
      for (const { tap, fd } of openTaps(pid)) {
        if (taps.has(tap)) holders.set(tap, [...(holders.get(tap) ?? []), { pid: Number(pid), fd }]);
      }
    } catch (error) {
      if (isOf(error, "EACCES") || isOf(error, "EPERM")) hidden = true;
      else if (!isOf(error, "ENOENT") && !isOf(error, "ESRCH")) throw error;
    }
  }
  return { holders, hidden };
}

function* openTaps(pid: string): Iterable<{ tap: string; fd: number }> {
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const tap = tapOf(pid, fd);
    if (tap !== undefined) yield { tap, fd: Number(fd) };
  }
}

function tapOf(pid: string, fd: string): string | undefined {
  try {
    if (!readlinkSync(`/proc/${pid}/fd/${fd}`).endsWith("/net/tun")) return undefined;
    return /^iff:\t(.+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))?.[1];
  } catch (error) {
    if (isOf(error, "ENOENT")) return undefined; // closed meanwhile
    throw error;
  }
}

const isOf = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
