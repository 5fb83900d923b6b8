import { constants } from "node:os";
import { errnoName, lastError } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { FdWatcher } from "../libc/fd-watcher.ts";
import { errno, libc } from "../libc/libc.ts";
import { hasEnded, processFacts } from "./process-facts.ts";

/** The same on every processor that came after them (Linux 5.3). */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_SEND_SIGNAL = 424;

/**
 * One process, child or not, by a descriptor (pidfd): a signal can never hit another one that got its number, and its
 * end is told at once.
 */
export class ProcessHandle implements Disposable {
  readonly pid: number;
  /** ProcessFacts.startTicks. */
  readonly startTicks: number;
  /** Settles when it has ended; never, when this handle is disposed of before. */
  readonly exited: Promise<void>;
  readonly #fd: Fd;
  #watcher: FdWatcher | undefined;
  #ended = false;

  private constructor(pid: number, startTicks: number, fd: Fd) {
    this.pid = pid;
    this.startTicks = startTicks;
    this.#fd = fd;
    this.exited = new Promise((resolve) => {
      this.#watcher = new FdWatcher(fd.number, () => {
        this.#ended = true;
        this.#unwatch();
        resolve();
      }).unref();
    });
  }

  /**
   * Undefined when there is no such process; with `startTicks`, also when the one of this number began at another time.
   * Throws KernelError.
   */
  static open(pid: number, startTicks?: number): ProcessHandle | undefined {
    const number = libc.syscall(SYS_PIDFD_OPEN, pid, 0, 0);
    if (number < 0) {
      if (["ESRCH", "EINVAL"].includes(errnoName(errno()))) return undefined;
      throw lastError(`pidfd_open ${pid}`);
    }
    const fd = new Fd(number);
    // Looked at after the descriptor was made: from here on the number cannot change its owner unseen.
    const facts = processFacts(pid);
    if (facts === undefined || hasEnded(facts) || (startTicks !== undefined && facts.startTicks !== startTicks)) {
      fd.close();
      return undefined;
    }
    return new ProcessHandle(pid, facts.startTicks, fd);
  }

  /** False when it has ended. Throws KernelError. */
  kill(signal: NodeJS.Signals): boolean {
    if (this.#ended || this.#fd.closed) return false;
    if (libc.syscall4(SYS_PIDFD_SEND_SIGNAL, this.#fd.number, constants.signals[signal], 0, 0) === 0) return true;
    if (errnoName(errno()) === "ESRCH") return false;
    throw lastError(`pidfd_send_signal ${this.pid} ${signal}`);
  }

  [Symbol.dispose](): void {
    this.#unwatch();
    this.#fd.close();
  }

  #unwatch(): void {
    this.#watcher?.[Symbol.dispose]();
    this.#watcher = undefined;
  }
}
