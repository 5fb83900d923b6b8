import type { BpfMap, BpfProgram } from "../bpf-object.ts";
import { describeOp } from "../describe-op.ts";
import type { ClassCounterSink, ClassState, FilterState, LinkEvent, LinkState, QdiscState } from "../kernel.ts";
import { KernelError } from "../kernel-error.ts";
import type { KernelOp, TcHandle } from "../kernel-op.ts";
import type { LinuxKernel } from "../linux/linux-kernel.ts";
import type { VfState } from "../virtual-function.ts";
import type { DomainWriter } from "./domain-writer.ts";
import type { PlaceKernel } from "./placed-kernel.ts";

/**
 * The kernel of one driver domain: reads by sockets of its own in the domain's namespace, so that counters and
 * carriers are known while the agent is dead, and changes by the agent alone.
 */
export class DomainKernel implements PlaceKernel {
  readonly name: string;
  /** Absent: nothing can be changed, which the reconciler tries again. */
  writer: DomainWriter | undefined;
  readonly #reader: LinuxKernel;

  /** Takes over `reader`, which is of the domain's namespace. */
  constructor(name: string, reader: LinuxKernel, writer?: DomainWriter) {
    this.name = name;
    this.#reader = reader;
    this.writer = writer;
  }

  /** A move of a link is the daemon's own: a NIC can be fetched out of a domain whose agent is dead. */
  async run(ops: readonly KernelOp[]): Promise<void> {
    const first = ops[0];
    if (first === undefined) return;
    if (ops.every(({ op }) => op === "linkMove")) return this.#reader.run(ops);
    if (this.writer === undefined) {
      throw new KernelError(describeOp(first), "EHOSTDOWN", `domain ${this.name}: its agent is not there`);
    }
    await this.writer.run(ops);
  }

  has(link: string): boolean {
    return this.#reader.has(link);
  }

  inside<T>(work: () => T): T {
    return this.#reader.inside(work);
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
    return this.#reader.map(name);
  }

  program(name: string): BpfProgram {
    return this.#reader.program(name);
  }

  watchLinks(listener: (event: LinkEvent) => void): Disposable {
    return this.#reader.watchLinks(listener);
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
  }
}
