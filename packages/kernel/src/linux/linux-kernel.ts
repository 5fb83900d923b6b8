import type { BpfMap, BpfProgram } from "../bpf-object.ts";
import type { PlaceKernel } from "../domain/placed-kernel.ts";
import type { ClassCounterSink, ClassState, FilterState, LinkEvent, LinkState, QdiscState } from "../kernel.ts";
import { KernelError } from "../kernel-error.ts";
import type { KernelOp, TcHandle } from "../kernel-op.ts";
import { inNamespace } from "../namespace/in-namespace.ts";
import { NetlinkSocket } from "../netlink/netlink-socket.ts";
import type { VfState } from "../virtual-function.ts";
import { KernelReader } from "./kernel-reader.ts";
import { linkIndex } from "./link-index.ts";
import { LinkWatcher } from "./link-watcher.ts";
import { OpRunner } from "./op-runner.ts";

/** Maps and programs of a loaded BPF object; both throw KernelError (ENOENT) for an unknown name. */
export interface LoadedBpf {
  map(name: string): BpfMap;
  program(name: string): BpfProgram & { readonly fd: number };
}

export interface LinuxKernelOptions {
  /** Name below /run/netns or absolute path; the thread's own namespace unless given. */
  readonly netns?: string;
}

/** Operations run synchronously for so long, then the event loop has its turn. */
const TURN_MS = 2;

const NOTHING_LOADED: LoadedBpf = {
  map: (name) => {
    throw new KernelError(`bpftool map show name ${name}`, "ENOENT", "no BPF object is loaded");
  },
  program: (name) => {
    throw new KernelError(`bpftool prog show name ${name}`, "ENOENT", "no BPF object is loaded");
  },
};

/** The kernel that runs this process, in one network namespace. */
export class LinuxKernel implements PlaceKernel {
  readonly #socket: NetlinkSocket;
  readonly #reader: KernelReader;
  readonly #netns: string | undefined;
  readonly #watchers = new Set<LinkWatcher>();
  #bpf: LoadedBpf = NOTHING_LOADED;

  private constructor(netns: string | undefined) {
    this.#netns = netns;
    this.#socket = this.inside(() => new NetlinkSocket());
    this.#reader = new KernelReader(this.#socket);
  }

  /** Throws KernelError: ENOENT for an unknown namespace, EPERM without CAP_SYS_ADMIN where one is given. */
  static open(options: LinuxKernelOptions = {}): LinuxKernel {
    return new LinuxKernel(options.netns);
  }

  /** Whether a link of this name is there. */
  has(link: string): boolean {
    return linkIndex(this.#socket.fd, link) !== 0;
  }

  /** Runs synchronous work with the thread in this kernel's namespace: sockets, test runs, ioctls. */
  inside<T>(work: () => T): T {
    return this.#netns === undefined ? work() : inNamespace(this.#netns, work);
  }

  /** From now on maps and programs are looked up there. Stays the caller's to dispose. */
  useBpf(object: LoadedBpf): void {
    this.#bpf = object;
  }

  async run(ops: readonly KernelOp[]): Promise<void> {
    const runner = new OpRunner(this.#socket, this.#reader, this.#bpf, (work) => this.inside(work));
    for (let from = 0; from < ops.length; ) {
      if (from > 0) await new Promise(setImmediate);
      from = runner.runSome(ops, from, TURN_MS);
    }
  }

  links(): readonly LinkState[] {
    return this.#reader.links();
  }

  link(name: string): LinkState | undefined {
    return this.#reader.link(name);
  }

  qdiscs(link?: string): readonly QdiscState[] {
    return this.#reader.qdiscs(link);
  }

  classes(link: string): readonly ClassState[] {
    return this.#reader.classes(link);
  }

  classCounters(link: string, sink: ClassCounterSink, classid?: TcHandle): void {
    this.#reader.classCounters(link, sink, classid);
  }

  filters(link: string, hook?: "egress"): readonly FilterState[] {
    return this.#reader.filters(link, hook);
  }

  vfs(link: string): readonly VfState[] {
    return this.#reader.vfs(link);
  }

  map(name: string): BpfMap {
    return this.#bpf.map(name);
  }

  program(name: string): BpfProgram {
    return this.#bpf.program(name);
  }

  watchLinks(listener: (event: LinkEvent) => void): Disposable {
    const watcher = this.inside(() => new LinkWatcher(this.#reader, listener));
    this.#watchers.add(watcher);
    return {
      [Symbol.dispose]: () => {
        this.#watchers.delete(watcher);
        watcher[Symbol.dispose]();
      },
    };
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher[Symbol.dispose]();
    this.#watchers.clear();
    this.#socket[Symbol.dispose]();
  }
}
