import {
  type ClassState,
  type Kernel,
  KernelError,
  type KernelOp,
  type LinkState,
  type QdiscState,
  type TcHandle,
} from "@gona/kernel";
import type { Spine, SpineId, Step } from "@gona/planner";
import { longestMtu, segmentMtu } from "./segment-mtu.ts";
import { spineOfAlias } from "./spine-alias.ts";
import { StepError } from "./step-error.ts";

const MAKES_LINKS: ReadonlySet<KernelOp["op"]> = new Set([
  "vethCreate",
  "vethPairCreate",
  "macvtapCreate",
  "linkDelete",
]);
/** From this many single questions on, one dump of all links is cheaper. */
const DUMP_AFTER = 16;

/**
 * Gathers the operations of many steps and runs them together. Asking for a link that the gathered
 * operations make runs them first, so an answer is never older than the question's step.
 */
export class OpBatch {
  readonly kernel: Kernel;
  /** Links that got a filter of ours in this run of steps. */
  readonly attached = new Set<string>();
  /** Virtual functions that were set in this run of steps, `eth1 3`. */
  readonly vfs = new Set<string>();
  /** Spines that were set up in this run of steps. */
  readonly spines = new Map<SpineId, Spine>();
  /** Links whose tree was made anew in this run of steps: their classes are gone. */
  readonly remade = new Set<string>();
  /** Vif slots whose traffic rules were set in this run of steps. */
  readonly ruledSlots = new Set<number>();
  readonly #onStep: ((step: Step) => void) | undefined;
  #ops: KernelOp[] = [];
  /** Step of each gathered operation. */
  #owners: Step[] = [];
  /** Steps begun since the last flush. */
  #begun: Step[] = [];
  #links = new Map<string, LinkState | undefined>();
  #allLinks = false;
  #qdiscs: Map<string, QdiscState> | undefined;
  #makesLinks = false;
  #longestMtu: number | undefined;
  /** Classes by link, as they were when the first such question was put after links had changed. */
  readonly #classes = new Map<string, readonly ClassState[]>();

  constructor(kernel: Kernel, onStep?: (step: Step) => void) {
    this.kernel = kernel;
    this.#onStep = onStep;
  }

  get size(): number {
    return this.#ops.length;
  }

  begin(step: Step): void {
    this.#begun.push(step);
  }

  push(...ops: readonly KernelOp[]): void {
    const owner = this.#begun.at(-1);
    if (owner === undefined) throw new Error("an operation without a step");
    for (const op of ops) {
      this.#ops.push(op);
      this.#owners.push(owner);
      if (MAKES_LINKS.has(op.op)) this.#makesLinks = true;
    }
  }

  /** The link as it is when the next operation runs. */
  async link(name: string): Promise<LinkState | undefined> {
    if (this.#makesLinks) await this.flush();
    return this.linkBefore(name);
  }

  /** The link as it was before the operations that are gathered. */
  linkBefore(name: string): LinkState | undefined {
    if (!this.#allLinks && !this.#links.has(name)) {
      if (this.#links.size >= DUMP_AFTER) this.#dumpLinks();
      else this.#links.set(name, this.kernel.link(name));
    }
    return this.#links.get(name);
  }

  /** Every link as it is when the next operation runs. */
  async links(): Promise<Iterable<LinkState>> {
    if (this.#makesLinks) await this.flush();
    if (!this.#allLinks) this.#dumpLinks();
    return [...this.#links.values()].filter((link) => link !== undefined);
  }

  /** The first end of a spine as it is when the next operation runs. */
  async spineDevice(id: SpineId): Promise<LinkState | undefined> {
    const made = this.spines.get(id);
    if (made !== undefined) return this.link(made.device);
    for (const link of await this.links()) if (spineOfAlias(link.alias) === id) return link;
    return undefined;
  }

  #dumpLinks(): void {
    this.#links = new Map(this.kernel.links().map((link) => [link.name, link]));
    this.#allLinks = true;
  }

  /** The same for a link that must be there. Throws KernelError (ENODEV). */
  async presentLink(name: string): Promise<LinkState> {
    const link = await this.link(name);
    if (link === undefined) throw new KernelError(`ip link show dev ${name}`, "ENODEV", "No such device");
    return link;
  }

  /** The MTU that a segmenter on a link cuts to. Throws KernelError (ENODEV). */
  async segmentMtu(name: string): Promise<number> {
    const link = await this.presentLink(name);
    return segmentMtu(link, () => {
      if (!this.#allLinks) this.#dumpLinks();
      this.#longestMtu ??= longestMtu([...this.#links.values()].filter((one) => one !== undefined));
      return this.#longestMtu;
    });
  }

  /**
   * The classes of a link for what is broken there: read once, so true for those classes that this
   * run of steps has not touched. Empty where there is no such link.
   */
  async classes(link: string): Promise<readonly ClassState[]> {
    const known = this.#classes.get(link);
    if (known !== undefined && !this.#makesLinks) return known;
    await this.flush();
    const classes = this.kernel.link(link) === undefined ? [] : this.kernel.classes(link);
    this.#classes.set(link, classes);
    return classes;
  }

  /** The qdisc at a place as it was when the first such question was put: for what is fresh or broken. */
  qdisc(link: string, parent: TcHandle): QdiscState | undefined {
    this.#qdiscs ??= new Map(this.kernel.qdiscs().map((qdisc) => [`${qdisc.link} ${qdisc.parent}`, qdisc]));
    return this.#qdiscs.get(`${link} ${parent}`);
  }

  /** Runs what was gathered. Throws StepError. */
  async flush(): Promise<void> {
    const [ops, owners] = [this.#ops, this.#owners];
    const begun = this.#begun;
    this.#ops = [];
    this.#owners = [];
    if (this.#makesLinks) {
      this.#links.clear();
      this.#classes.clear();
      this.#allLinks = false;
      this.#longestMtu = undefined;
      this.#makesLinks = false;
    }
    try {
      if (ops.length > 0) await this.kernel.run(ops);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const step = owners[error.index];
      throw step === undefined ? error : new StepError(step, error);
    }
    // The last step may still have operations to come; it is told when it is over.
    const last = begun.at(-1);
    this.#begun = last === undefined ? [] : [last];
    for (const step of begun.slice(0, -1)) this.#onStep?.(step);
  }

  /** Runs the rest and tells the last step. Throws StepError. */
  async finish(): Promise<void> {
    await this.flush();
    for (const step of this.#begun.splice(0)) this.#onStep?.(step);
  }
}
