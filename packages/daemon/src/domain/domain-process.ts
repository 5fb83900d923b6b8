import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import type { Readable } from "node:stream";
import { CgroupLeaf, inNamespace, onCpus, oomKillsOfMachine, ProcessHandle, processFacts } from "@gona/kernel";
import { GonaError } from "@gona/model";
import { type Ending, exitWords } from "./exit-words.ts";

export interface DomainProcessOptions extends Witness {
  readonly argv: readonly [string, ...string[]];
  /** Name or path; absent: the daemon's own. */
  readonly netns?: string;
  /** Absent: any. */
  readonly cpus?: readonly number[] | undefined;
  /** Its nice value; absent: the daemon's. */
  readonly nice?: number | undefined;
  /** Name of its control group, unique on this machine. */
  readonly cgroup: string;
  readonly memoryMaxBytes?: number;
  /** Where its standard output and error go, over what was there. */
  readonly log: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** How the end of a process is told. */
export interface Witness {
  readonly lastWords: () => string;
  /** Its end, once, with the reason. */
  readonly onExit: (process: DomainProcess, cause: string) => void;
}

/** So long may a process take to die after SIGKILL: longer only inside the kernel. */
const DEATH_MS = 5000;

/** A process that runs a driver domain: it outlives the daemon, alone in its session and its control group. */
export class DomainProcess implements Disposable {
  readonly #handle: ProcessHandle;
  readonly #witness: Witness;
  readonly #cgroup: CgroupLeaf | undefined;
  readonly #kills: { readonly leaf: number | undefined; readonly machine: number };
  #status: Ending["status"];
  /** fd 3 of the process, for its word that it is ready; of an adopted one undefined. */
  readonly pipe: Readable | undefined;
  /** Settles when it is gone and `onExit` was told. */
  readonly gone: Promise<void>;
  #disposed = false;

  private constructor(handle: ProcessHandle, witness: Witness, cgroup?: CgroupLeaf, pipe?: Readable) {
    this.#handle = handle;
    this.#witness = witness;
    this.#cgroup = cgroup;
    this.#kills = { leaf: cgroup?.oomKills(), machine: oomKillsOfMachine() };
    this.pipe = pipe;
    this.gone = this.#follow();
  }

  /** Throws GonaError (NO_LIBRARY: no such program) and KernelError (no such namespace, no such CPU). */
  static async spawn(options: DomainProcessOptions): Promise<DomainProcess> {
    const { argv, netns, cpus, env } = options;
    const [program, ...words] = argv;
    const log = openSync(options.log, "w", 0o600);
    try {
      const start = () => spawn(program, words, { stdio: ["ignore", log, log, "pipe"], detached: true, env });
      const bound = () => (cpus === undefined ? start() : onCpus(cpus, start));
      const child = netns === undefined ? bound() : inNamespace(netns, bound);
      const failed = new Promise<Error>((resolve) => child.once("error", resolve));
      const handle = child.pid === undefined ? undefined : ProcessHandle.open(child.pid);
      if (handle === undefined) {
        const cause = child.pid === undefined ? await failed : new Error("it ended at once");
        throw new GonaError("NO_LIBRARY", `${program} cannot be run: ${cause.message}`, {}, { cause });
      }
      child.unref();
      // Before it has threads of its own, each of which would have to be told.
      if (options.nice !== undefined) tryTo(() => setPriority(handle.pid, options.nice ?? 0));
      const cgroup = CgroupLeaf.make(options.cgroup, options.memoryMaxBytes);
      cgroup?.add(handle.pid);
      const pipe = child.stdio[3] as Readable;
      const process = new DomainProcess(handle, options, cgroup, pipe);
      child.once("exit", (code, signal) => {
        process.#status = { code, signal };
      });
      return process;
    } finally {
      closeSync(log);
    }
  }

  /** One that an earlier daemon started; undefined when it is gone. */
  static adopt(
    process: { readonly pid: number; readonly startTicks: number },
    cgroup: string,
    options: Witness,
  ): DomainProcess | undefined {
    const handle = ProcessHandle.open(process.pid, process.startTicks);
    return handle === undefined ? undefined : new DomainProcess(handle, options, CgroupLeaf.find(cgroup));
  }

  get pid(): number {
    return this.#handle.pid;
  }

  get startTicks(): number {
    return this.#handle.startTicks;
  }

  /** By a signal or a debugger: it answers nobody. */
  get isStopped(): boolean {
    const state = processFacts(this.pid)?.state;
    return state === "T" || state === "t";
  }

  /** It gets what the daemon gets of the CPUs, whatever its nice value was. */
  hurry(): void {
    tryTo(() => {
      for (const thread of readdirSync(`/proc/${this.pid}/task`))
        tryTo(() => setPriority(Number(thread), getPriority()));
    });
  }

  /** Settles when it is gone, or did not die in time (the kernel holds it). `onExit` is told all the same. */
  async kill(): Promise<void> {
    this.#handle.kill("SIGKILL");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DEATH_MS);
    });
    await Promise.race([this.gone, late]);
    clearTimeout(timer);
  }

  /** Lets go of it; it goes on. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.pipe?.destroy();
    this.#handle[Symbol.dispose]();
  }

  async #follow(): Promise<void> {
    await this.#handle.exited;
    // The status of a child follows in the next turns of the loop: SIGCHLD and the descriptor race.
    for (let turn = 0; turn < STATUS_TURNS && this.#status === undefined; turn++) await new Promise(setImmediate);
    const lastWords = this.#witness.lastWords();
    const cause = exitWords({ status: this.#status, outOfMemory: this.#wasOutOfMemory(), lastWords });
    this.#cgroup?.remove();
    this.#handle[Symbol.dispose]();
    if (!this.#disposed) this.#witness.onExit(this, cause);
  }

  #wasOutOfMemory(): boolean {
    const kills = this.#cgroup?.oomKills();
    if (kills !== undefined && this.#kills.leaf !== undefined) return kills > this.#kills.leaf;
    // Where no group counts: it died of SIGKILL while the kernel killed somebody for want of memory.
    return this.#status?.signal === "SIGKILL" && oomKillsOfMachine() > this.#kills.machine;
  }
}

const STATUS_TURNS = 20;

/** For what a process is better off with, and works without. */
function tryTo(work: () => void): void {
  try {
    work();
  } catch {
    // It has ended, which its handle tells, or the right to do it is missing.
  }
}
