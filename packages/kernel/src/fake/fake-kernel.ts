import type { BpfMap, BpfProgram, ProgramInput, ProgramOutput } from "../bpf-object.ts";
import { describeOp } from "../describe-op.ts";
import type { ClassCounterSink, ClassState, FilterState, Kernel, LinkEvent, LinkState, QdiscState } from "../kernel.ts";
import { KernelError } from "../kernel-error.ts";
import type { KernelOp, TcHandle } from "../kernel-op.ts";
import { errnoNumber, errnoWords } from "../libc/errno.ts";
import { parsePrefix } from "../netlink/address-codec.ts";
import { parseMac } from "../netlink/link-codec.ts";
import { FakeLink, type FakeLinkOptions, type FakePeer } from "./fake-link.ts";
import { FakeMap, type FakeMapDefinition } from "./fake-map.ts";
import { Refusal } from "./refusal.ts";

export interface FakeKernelOptions {
  readonly maps?: readonly FakeMapDefinition[];
  /** Programs of the BPF object; `filterReplace` knows no others. */
  readonly programs?: readonly string[];
  /** Names below /run/netns. */
  readonly namespaces?: readonly string[];
  /** Possible CPUs, for per-CPU maps. */
  readonly cpus?: number;
}

/** What BPF_PROG_TEST_RUN of a fake program does. */
export type FakeTestRun = (input: ProgramInput, kernel: FakeKernel) => Partial<ProgramOutput>;

const OPS_PER_TURN = 256;

/**
 * A kernel in memory for tests: the operations of `Kernel` by the rules of Linux that GONA relies
 * on. A netns test holds its golden text against the real one's. Hooks: `addLink`, `setCarrier`,
 * `failNext`, `onTestRun`, `setSent`.
 */
export class FakeKernel implements Kernel {
  readonly #links = new Map<string, FakeLink>();
  readonly #maps = new Map<string, FakeMap>();
  readonly #programs = new Map<string, { readonly id: number; testRun: FakeTestRun }>();
  /** Links inside other namespaces, by namespace. */
  readonly #namespaces = new Map<string, Map<string, FakePeer>>();
  readonly #listeners = new Set<(event: LinkEvent) => void>();
  readonly #failures: { readonly when: (op: KernelOp) => boolean; readonly errno: string }[] = [];
  readonly #cpus: number;
  #nextIfindex = 2;
  /** Every operation that was carried out, for assertions about order. */
  readonly log: KernelOp[] = [];

  constructor(options: FakeKernelOptions = {}) {
    this.#cpus = options.cpus ?? 2;
    for (const definition of options.maps ?? []) this.addMap(definition);
    for (const name of options.programs ?? []) this.addProgram(name);
    for (const name of options.namespaces ?? []) this.addNamespace(name);
  }

  addLink(options: FakeLinkOptions): LinkState {
    if (this.#links.has(options.name)) throw new Error(`link ${options.name} exists`);
    return this.#insert(new FakeLink(options, this.#nextIfindex++)).state();
  }

  /** As a link that goes away by itself. */
  removeLink(name: string): void {
    this.#remove(this.#link(name));
  }

  /** Plugs or pulls the cable. */
  setCarrier(name: string, carrier: boolean): void {
    const link = this.#link(name);
    link.cable = carrier;
    this.#changed(link);
  }

  addMap(definition: FakeMapDefinition): BpfMap {
    const map = new FakeMap(definition, this.#cpus);
    this.#maps.set(map.name, map);
    return map;
  }

  addProgram(name: string, testRun: FakeTestRun = () => ({})): void {
    this.#programs.set(name, { id: this.#programs.size + 1, testRun });
  }

  onTestRun(program: string, testRun: FakeTestRun): void {
    const known = this.#programs.get(program);
    if (known === undefined) this.addProgram(program, testRun);
    else known.testRun = testRun;
  }

  addNamespace(name: string): void {
    if (!this.#namespaces.has(name)) this.#namespaces.set(name, new Map());
  }

  /** Far ends that `vethCreate` put into a namespace. */
  linksInNamespace(name: string): readonly FakePeer[] {
    return [...(this.#namespaces.get(name)?.values() ?? [])];
  }

  /** The next operation that `when` holds for is refused; once. */
  failNext(when: (op: KernelOp) => boolean, errno: string): void {
    this.#failures.push({ when, errno });
  }

  /** Counters that a class is to show. */
  setSent(link: string, classid: TcHandle, sent: Partial<ClassState["sent"]>): void {
    const cls = this.#link(link).queues.classes.get(classid);
    if (cls === undefined) throw new Error(`no such class on ${link}`);
    cls.sent = { ...cls.sent, ...sent };
  }

  setLinkCounters(link: string, counters: Partial<FakeLink["counters"]>): void {
    const found = this.#link(link);
    found.counters = { ...found.counters, ...counters };
  }

  /** As when the socket's buffer ran over. */
  overrun(): void {
    this.#emit({ kind: "overrun" });
  }

  async run(ops: readonly KernelOp[]): Promise<void> {
    for (const [index, op] of ops.entries()) {
      if (index % OPS_PER_TURN === 0) await new Promise(setImmediate);
      try {
        this.#failAsAsked(op);
        this.#apply(op);
      } catch (error) {
        if (error instanceof RangeError) throw new KernelError(describeOp(op), "EINVAL", error.message, { index });
        if (error instanceof Refusal) throw new KernelError(describeOp(op), error.errno, error.message, { index });
        if (error instanceof KernelError) {
          throw new KernelError(describeOp(op), error.errno, error.operation, { index, cause: error });
        }
        throw error;
      }
      this.log.push(op);
    }
  }

  links(): readonly LinkState[] {
    return [...this.#links.values()].map((link) => link.state());
  }

  link(name: string): LinkState | undefined {
    return this.#links.get(name)?.state();
  }

  qdiscs(link?: string): readonly QdiscState[] {
    const links = link === undefined ? [...this.#links.values()] : [this.#link(link)];
    return links.flatMap(({ name, queues }) => [...queues.qdiscs.values()].map((qdisc) => ({ link: name, ...qdisc })));
  }

  classes(link: string): readonly ClassState[] {
    const { queues } = this.#link(link);
    return [...queues.classes.values()].map((cls) => ({
      link,
      ...cls,
      sent: { ...cls.sent },
      leaf: queues.leafOf(cls.classid),
    }));
  }

  /** Nothing is ever held back here. */
  classCounters(link: string, sink: ClassCounterSink, only?: TcHandle): void {
    sink.begin();
    for (const { classid, sent } of this.classes(link)) {
      if (only !== undefined && classid !== only) continue;
      const { bytes, packets, drops, backlogBytes } = sent;
      sink.take(classid, Number(bytes), Number(packets), Number(drops), Number(backlogBytes), 0);
    }
  }

  filters(link: string): readonly FilterState[] {
    const filters = [...this.#link(link).queues.filters.values()].sort((a, b) => a.preference - b.preference);
    return filters.map((filter) => ({ link, ...filter, programId: this.#programs.get(filter.program)?.id ?? 0 }));
  }

  map(name: string): BpfMap {
    const map = this.#maps.get(name);
    if (map === undefined) throw new KernelError(`bpftool map show name ${name}`, "ENOENT", "no such map");
    return map;
  }

  program(name: string): BpfProgram {
    const program = this.#programs.get(name);
    if (program === undefined) throw new KernelError(`bpftool prog show name ${name}`, "ENOENT", "no such program");
    return {
      name,
      id: program.id,
      isAlike: (id) => id === program.id,
      testRun: (input) => ({
        returned: 0,
        packet: input.packet,
        context: { mark: input.context?.mark ?? 0, priority: input.context?.priority ?? 0 },
        nanoseconds: 0,
        ...program.testRun(input, this),
      }),
    };
  }

  watchLinks(listener: (event: LinkEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
  }

  #apply(op: KernelOp): void {
    switch (op.op) {
      case "vethCreate":
        this.#createVeth(op);
        break;
      case "vethPairCreate":
        this.#createPair(op);
        break;
      case "mapPut":
        this.map(op.map).put(op.key, op.value);
        break;
      case "mapDelete":
        this.map(op.map).delete(op.key);
        break;
      default:
        this.#applyToLink(op);
    }
  }

  #applyToLink(op: Exclude<KernelOp, { op: "vethCreate" | "vethPairCreate" | "mapPut" | "mapDelete" }>): void {
    const link = this.#links.get(op.link);
    if (link === undefined) throw new Refusal("ENODEV", errnoWords(errnoNumber("ENODEV")));
    switch (op.op) {
      case "linkDelete":
        if (link.kind === "") throw new Refusal("EOPNOTSUPP", errnoWords(errnoNumber("EOPNOTSUPP")));
        this.#remove(link);
        break;
      case "linkSet":
        this.#setLink(link, op);
        break;
      case "qdiscReplace":
        link.queues.replaceQdisc(op.parent, op.handle, op.qdisc);
        break;
      case "qdiscDelete":
        link.queues.deleteQdisc(op.parent, op.handle);
        break;
      case "classReplace":
        link.queues.replaceClass(op.parent, op.classid, op.htb);
        break;
      case "classDelete":
        link.queues.deleteClass(op.classid);
        break;
      case "filterReplace":
        this.program(op.program);
        link.queues.replaceFilter({ preference: op.preference, program: op.program, classid: op.classid });
        break;
      case "filterDelete":
        link.queues.deleteFilter(op.preference);
        break;
    }
  }

  #createVeth({ link, peer }: Extract<KernelOp, { op: "vethCreate" }>): void {
    parseMac(peer.mac);
    for (const address of peer.addresses) parsePrefix(address);
    const namespace = this.#namespaces.get(peer.netns);
    if (namespace === undefined) throw new Refusal("ENOENT", `no namespace ${peer.netns}`);
    if (this.#links.has(link) || namespace.has(peer.name)) {
      throw new Refusal("EEXIST", errnoWords(errnoNumber("EEXIST")));
    }
    namespace.set(peer.name, peer);
    this.#insert(new FakeLink({ name: link, kind: "veth", peerElsewhere: true }, this.#nextIfindex++, peer));
  }

  #createPair({ link, peer, mtu }: Extract<KernelOp, { op: "vethPairCreate" }>): void {
    if (this.#links.has(link) || this.#links.has(peer) || link === peer) {
      throw new Refusal("EEXIST", errnoWords(errnoNumber("EEXIST")));
    }
    const [near, far] = [link, peer].map(
      (name) => new FakeLink({ name, kind: "veth", mtu, up: true }, this.#nextIfindex++),
    ) as [FakeLink, FakeLink];
    near.twin = far;
    far.twin = near;
    this.#insert(near);
    this.#insert(far);
  }

  #setLink(link: FakeLink, op: Extract<KernelOp, { op: "linkSet" }>): void {
    if (op.mac !== undefined) parseMac(op.mac);
    link.mac = op.mac ?? link.mac;
    link.mtu = op.mtu ?? link.mtu;
    link.txQueueLength = op.txQueueLength ?? link.txQueueLength;
    link.alias = op.alias ?? link.alias;
    link.promiscuous = op.promiscuous ?? link.promiscuous;
    link.up = op.up ?? link.up;
    this.#changed(link);
    if (op.up !== undefined && link.twin !== undefined) this.#changed(link.twin);
  }

  #insert(link: FakeLink): FakeLink {
    this.#links.set(link.name, link);
    this.#changed(link);
    return link;
  }

  #remove(link: FakeLink): void {
    this.#links.delete(link.name);
    if (link.peer !== undefined) this.#namespaces.get(link.peer.netns)?.delete(link.peer.name);
    this.#emit({ kind: "deleted", name: link.name, ifindex: link.ifindex });
    const { twin } = link;
    link.twin = undefined;
    if (twin !== undefined && this.#links.has(twin.name)) this.#remove(twin);
  }

  #link(name: string): FakeLink {
    const link = this.#links.get(name);
    if (link === undefined) throw new KernelError(`ip link show dev ${name}`, "ENODEV", "No such device");
    return link;
  }

  #failAsAsked(op: KernelOp): void {
    const place = this.#failures.findIndex(({ when }) => when(op));
    const [failure] = place < 0 ? [] : this.#failures.splice(place, 1);
    if (failure !== undefined) throw new Refusal(failure.errno, errnoWords(errnoNumber(failure.errno)));
  }

  #changed(link: FakeLink): void {
    this.#emit({ kind: "changed", link: link.state() });
  }

  /** After the caller's turn, as from a socket; to those who listen now. */
  #emit(event: LinkEvent): void {
    for (const listener of this.#listeners) {
      setImmediate(() => {
        if (this.#listeners.has(listener)) listener(event);
      });
    }
  }
}
