import type { BpfMap, BpfProgram, ProgramInput, ProgramOutput } from "../bpf-object.ts";
import { describeOp } from "../describe-op.ts";
import type { PlaceKernel } from "../domain/placed-kernel.ts";
import type { ClassCounterSink, ClassState, FilterState, LinkEvent, LinkState, QdiscState } from "../kernel.ts";
import { KernelError } from "../kernel-error.ts";
import type { KernelOp, TcHandle } from "../kernel-op.ts";
import { parsePrefix } from "../netlink/address-codec.ts";
import { parseMac } from "../netlink/link-codec.ts";
import type { VfState } from "../virtual-function.ts";
import type { FakeKernelOptions } from "./fake-kernel-options.ts";
import { FakeLink, type FakeLinkOptions, type FakePeer } from "./fake-link.ts";
import { FakeMap, type FakeMapDefinition } from "./fake-map.ts";
import { fakeProgram } from "./fake-program.ts";
import { Refusal } from "./refusal.ts";

/** What BPF_PROG_TEST_RUN of a fake program does. */
export type FakeTestRun = (input: ProgramInput, kernel: FakeKernel) => Partial<ProgramOutput>;

const OPS_PER_TURN = 256;

/**
 * A kernel in memory for tests: the operations of `Kernel` by the rules of Linux that GONA relies
 * on. A netns test holds its golden text against the real one's. Hooks: `addLink`, `setCarrier`,
 * `failNext`, `onTestRun`, `setSent`.
 */
export class FakeKernel implements PlaceKernel {
  readonly #netns: string;
  /** This kernel by its namespaces that were entered, this one too; maps and programs are common to all. */
  #world = new Map<string, FakeKernel>();
  readonly #links = new Map<string, FakeLink>();
  #maps = new Map<string, FakeMap>();
  #programs = new Map<string, { readonly id: number; testRun: FakeTestRun }>();
  /** Links inside other namespaces, by namespace. */
  readonly #namespaces = new Map<string, Map<string, FakePeer>>();
  readonly #listeners = new Set<(event: LinkEvent) => void>();
  readonly #failures: { readonly when: (op: KernelOp) => boolean; readonly errno: string }[] = [];
  readonly #cpus: number;
  #nextIfindex = 2;
  /** Every operation that was carried out, for assertions about order. */
  readonly log: KernelOp[] = [];

  constructor(options: FakeKernelOptions = {}) {
    this.#netns = options.netns ?? "hub";
    this.#world.set(this.#netns, this);
    this.#cpus = options.cpus ?? 2;
    for (const definition of options.maps ?? []) this.addMap(definition);
    for (const name of options.programs ?? []) this.addProgram(name);
    for (const name of options.namespaces ?? []) this.addNamespace(name);
  }

  /** The same kernel in another namespace, which begins to be unless it was entered before. */
  enter(netns: string): FakeKernel {
    const known = this.#world.get(netns);
    if (known !== undefined) return known;
    const entered = new FakeKernel({ netns, cpus: this.#cpus });
    entered.#world = this.#world;
    entered.#maps = this.#maps;
    entered.#programs = this.#programs;
    this.#world.set(netns, entered);
    return entered;
  }

  /** A namespace that was entered goes, with all that is in it; hardware comes back to this one. */
  leave(netns: string): void {
    const left = this.#world.get(netns);
    if (left === undefined || left === this) return;
    this.#world.delete(netns);
    for (const link of [...left.#links.values()]) {
      if (link.kind === "") left.#move(link, this);
      else left.#remove(link);
    }
  }

  has(link: string): boolean {
    return this.#links.has(link);
  }

  inside<T>(work: () => T): T {
    return work();
  }

  addLink(options: FakeLinkOptions): LinkState {
    if (this.#links.has(options.name)) throw new Error(`link ${options.name} exists`);
    return this.#insert(this.#newLink(options)).state();
  }

  #newLink(options: FakeLinkOptions, peer?: FakePeer): FakeLink {
    return new FakeLink(options, this.#netns, this.#nextIfindex++, peer);
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

  vfs(link: string): readonly VfState[] {
    return this.#link(link).vfs?.states() ?? [];
  }

  filters(link: string, hook?: "egress"): readonly FilterState[] {
    const { queues } = this.#link(link);
    return queues
      .filtersAt(hook)
      .map((filter) => ({ link, ...filter, programId: this.#programs.get(filter.program)?.id ?? 0 }));
  }

  map(name: string): BpfMap {
    const map = this.#maps.get(name);
    if (map === undefined) throw new KernelError(`bpftool map show name ${name}`, "ENOENT", "no such map");
    return map;
  }

  program(name: string): BpfProgram {
    const program = this.#programs.get(name);
    if (program === undefined) throw new KernelError(`bpftool prog show name ${name}`, "ENOENT", "no such program");
    return fakeProgram(name, program.id, (input) => program.testRun(input, this));
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
      case "macvtapCreate":
        this.#createMacvtap(op);
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

  #applyToLink(
    op: Exclude<KernelOp, { op: "vethCreate" | "vethPairCreate" | "macvtapCreate" | "mapPut" | "mapDelete" }>,
  ): void {
    const link = this.#links.get(op.link);
    if (link === undefined) throw Refusal.of("ENODEV");
    switch (op.op) {
      case "linkDelete":
        if (link.kind === "") throw Refusal.of("EOPNOTSUPP");
        this.#remove(link);
        break;
      case "linkSet":
        this.#setLink(link, op);
        break;
      case "vfSet":
        if (link.vfs === undefined) throw Refusal.of("EOPNOTSUPP");
        link.vfs.set(op, link.state().carrier);
        break;
      case "linkMove":
        this.#moveLink(link, op);
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
        link.queues.replaceFilter({ preference: op.preference, program: op.program, classid: op.classid }, op.hook);
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
    if (this.#links.has(link) || namespace.has(peer.name)) throw Refusal.of("EEXIST");
    namespace.set(peer.name, peer);
    this.#insert(this.#newLink({ name: link, kind: "veth", peerElsewhere: true }, peer));
  }

  #createMacvtap({ link, lower, mode, mac, alias }: Extract<KernelOp, { op: "macvtapCreate" }>): void {
    parseMac(mac);
    const below = this.#links.get(lower);
    if (below === undefined) throw Refusal.of("ENODEV");
    if (this.#links.has(link)) throw Refusal.of("EEXIST");
    const { mtu } = below;
    this.#insert(this.#newLink({ name: link, kind: "macvtap", mac, mtu, macvlan: mode, lower: below, alias }));
  }

  #createPair({ link, peer, mtu, netns }: Extract<KernelOp, { op: "vethPairCreate" }>): void {
    const there = netns === undefined ? this : this.#world.get(netns);
    if (there === undefined) throw new Refusal("ENOENT", `no namespace ${netns}`);
    const isTaken = this.#links.has(link) || there.#links.has(peer) || (there === this && link === peer);
    if (isTaken) throw Refusal.of("EEXIST");
    const near = this.#newLink({ name: link, kind: "veth", mtu, up: true });
    const far = there.#newLink({ name: peer, kind: "veth", mtu, up: true });
    if (near.ifindex === far.ifindex) far.ifindex = there.#nextIfindex++;
    near.twin = far;
    far.twin = near;
    this.#insert(near);
    there.#insert(far);
  }

  #moveLink(link: FakeLink, { netns }: Extract<KernelOp, { op: "linkMove" }>): void {
    const there = this.#world.get(netns);
    if (there === undefined) throw new Refusal("ENOENT", `no namespace ${netns}`);
    if (there === this) return;
    if (there.#links.has(link.name)) throw Refusal.of("EEXIST");
    this.#move(link, there);
  }

  #move(link: FakeLink, there: FakeKernel): void {
    this.#links.delete(link.name);
    this.#emit({ kind: "deleted", name: link.name, ifindex: link.ifindex });
    // The kernel keeps the number where it is free.
    const isTaken = [...there.#links.values()].some(({ ifindex }) => ifindex === link.ifindex);
    const ifindex = isTaken ? there.#nextIfindex++ : link.ifindex;
    there.#nextIfindex = Math.max(there.#nextIfindex, ifindex + 1);
    link.moveTo(there.#netns, ifindex);
    there.#insert(link);
    if (link.twin !== undefined) this.#changed(link.twin);
  }

  #setLink(link: FakeLink, op: Extract<KernelOp, { op: "linkSet" }>): void {
    link.change(op);
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
    for (const above of [...this.#links.values()]) if (above.lower === link) this.#remove(above);
    const { twin } = link;
    link.twin = undefined;
    if (twin === undefined) return;
    const home = this.#world.get(twin.netns) ?? this;
    if (home.#links.get(twin.name) === twin) home.#remove(twin);
  }

  #link(name: string): FakeLink {
    const link = this.#links.get(name);
    if (link === undefined) throw new KernelError(`ip link show dev ${name}`, "ENODEV", "No such device");
    return link;
  }

  #failAsAsked(op: KernelOp): void {
    const place = this.#failures.findIndex(({ when }) => when(op));
    const [failure] = place < 0 ? [] : this.#failures.splice(place, 1);
    if (failure !== undefined) throw Refusal.of(failure.errno);
  }

  #changed(link: FakeLink): void {
    const home = this.#world.get(link.netns);
    if (home !== undefined) home.#emit({ kind: "changed", link: link.state() });
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
