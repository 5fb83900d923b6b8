import type { BpfMap, BpfProgram } from "../bpf-object.ts";
import type { ClassCounterSink, ClassState, FilterState, Kernel, LinkEvent, LinkState, QdiscState } from "../kernel.ts";
import type { KernelOp, TcHandle } from "../kernel-op.ts";
import type { LoadedBpf } from "../linux/linux-kernel.ts";
import type { VfState } from "../virtual-function.ts";
import { runPlaced } from "./run-placed.ts";

/** The kernel of one namespace that takes part in a PlacedKernel. */
export interface PlaceKernel extends Kernel {
  /** Whether a link of this name is there: microseconds. */
  has(link: string): boolean;
  /** Runs synchronous work with the thread in the namespace: sockets, test runs, ioctls. */
  inside<T>(work: () => T): T;
  /** Where programs are looked up; one that writes by an agent has none. */
  useBpf?(object: LoadedBpf): void;
}

/** Links that a namespace is born with: those of a domain stand for nothing. */
const INBORN: ReadonlySet<string> = new Set([
  "lo",
  "tunl0",
  "sit0",
  "gre0",
  "gretap0",
  "erspan0",
  "ip_vti0",
  "ip6tnl0",
  "ip6gre0",
  "ip6_vti0",
]);

interface Watching {
  readonly listener: (event: LinkEvent) => void;
  /** By domain; "" is the hub. */
  readonly watches: Map<string, Disposable>;
}

/**
 * The hub and its driver domains as one kernel: each operation and question goes where its link is, which is the
 * domain that has a link of that name, else the hub. So links of a domain hide those of the hub that are called
 * alike. Maps and programs are the hub's. Ifindexes are unique within one namespace alone.
 */
export class PlacedKernel implements Kernel {
  readonly #hub: PlaceKernel;
  readonly #domains = new Map<string, PlaceKernel>();
  readonly #watching = new Set<Watching>();
  #bpf: LoadedBpf | undefined;

  /** Takes over `hub`. */
  constructor(hub: PlaceKernel) {
    this.#hub = hub;
  }

  /**
   * Takes over the kernel of a domain, in the place of the one before; undefined: the domain is gone. Those who
   * watch links are told to list them anew.
   */
  setDomain(name: string, kernel: PlaceKernel | undefined): void {
    const before = this.#domains.get(name);
    if (before === kernel) return;
    for (const { watches } of this.#watching) {
      watches.get(name)?.[Symbol.dispose]();
      watches.delete(name);
    }
    before?.[Symbol.dispose]();
    this.#domains.delete(name);
    if (kernel !== undefined) {
      if (this.#bpf !== undefined) kernel.useBpf?.(this.#bpf);
      this.#domains.set(name, kernel);
      for (const watching of this.#watching) this.#watch(watching, name, kernel);
    }
    const reason = `the domain ${name} ${kernel === undefined ? "is gone" : "is there"}`;
    for (const { listener } of this.#watching) listener({ kind: "overrun", reason });
  }

  get domains(): ReadonlySet<string> {
    return new Set(this.#domains.keys());
  }

  /** The domain that has a link; undefined: none, so it is the hub's. */
  domainOf(link: string): string | undefined {
    if (this.#domains.size === 0 || INBORN.has(link)) return undefined;
    for (const [name, kernel] of this.#domains) if (kernel.has(link)) return name;
    return undefined;
  }

  /** Runs synchronous work with the thread in the namespace where a link is; in the hub's without one. */
  inside<T>(work: () => T, link?: string): T {
    return (link === undefined ? this.#hub : this.#at(link)).inside(work);
  }

  /** From now on maps and programs are looked up there. Stays the caller's to dispose. */
  useBpf(object: LoadedBpf): void {
    this.#bpf = object;
    this.#hub.useBpf?.(object);
    for (const kernel of this.#domains.values()) kernel.useBpf?.(object);
  }

  run(ops: readonly KernelOp[]): Promise<void> {
    if (this.#domains.size === 0) return this.#hub.run(ops);
    return runPlaced(ops, this.#hub, (link) => this.#at(link));
  }

  links(): readonly LinkState[] {
    if (this.#domains.size === 0) return this.#hub.links();
    const placed = [...this.#domains].flatMap(([domain, kernel]) =>
      kernel.links().flatMap((link) => (INBORN.has(link.name) ? [] : [{ ...link, domain }])),
    );
    const hidden = new Set(placed.map(({ name }) => name));
    return [...this.#hub.links().filter(({ name }) => !hidden.has(name)), ...placed];
  }

  link(name: string): LinkState | undefined {
    const domain = this.domainOf(name);
    if (domain === undefined) return this.#hub.link(name);
    const link = this.#domains.get(domain)?.link(name);
    return link && { ...link, domain };
  }

  qdiscs(link?: string): readonly QdiscState[] {
    if (link !== undefined) return this.#at(link).qdiscs(link);
    if (this.#domains.size === 0) return this.#hub.qdiscs();
    const placed = [...this.#domains.values()].flatMap((kernel) =>
      kernel.qdiscs().filter((qdisc) => !INBORN.has(qdisc.link)),
    );
    const places = new Map<string, boolean>();
    const isHidden = (name: string): boolean => {
      const known = places.get(name) ?? this.domainOf(name) !== undefined;
      places.set(name, known);
      return known;
    };
    return [...this.#hub.qdiscs().filter((qdisc) => !isHidden(qdisc.link)), ...placed];
  }

  classes(link: string): readonly ClassState[] {
    return this.#at(link).classes(link);
  }

  classCounters(link: string, sink: ClassCounterSink, classid?: TcHandle): void {
    this.#at(link).classCounters(link, sink, classid);
  }

  filters(link: string, hook?: "egress"): readonly FilterState[] {
    return this.#at(link).filters(link, hook);
  }

  vfs(link: string): readonly VfState[] {
    return this.#at(link).vfs(link);
  }

  map(name: string): BpfMap {
    return this.#hub.map(name);
  }

  program(name: string): BpfProgram {
    return this.#hub.program(name);
  }

  watchLinks(listener: (event: LinkEvent) => void): Disposable {
    const watching: Watching = { listener, watches: new Map() };
    this.#watching.add(watching);
    watching.watches.set("", this.#hub.watchLinks(listener));
    for (const [name, kernel] of this.#domains) this.#watch(watching, name, kernel);
    return {
      [Symbol.dispose]: () => {
        this.#watching.delete(watching);
        for (const watch of watching.watches.values()) watch[Symbol.dispose]();
      },
    };
  }

  [Symbol.dispose](): void {
    for (const kernel of this.#domains.values()) kernel[Symbol.dispose]();
    this.#domains.clear();
    this.#hub[Symbol.dispose]();
  }

  #at(link: string): PlaceKernel {
    const domain = this.domainOf(link);
    return (domain === undefined ? undefined : this.#domains.get(domain)) ?? this.#hub;
  }

  #watch({ listener, watches }: Watching, domain: string, kernel: PlaceKernel): void {
    const watch = kernel.watchLinks((event) => {
      if (event.kind === "overrun") listener(event);
      else if (event.kind === "deleted") listener({ ...event, domain });
      else if (!INBORN.has(event.link.name)) listener({ kind: "changed", link: { ...event.link, domain } });
    });
    watches.set(domain, watch);
  }
}
