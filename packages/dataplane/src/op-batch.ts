import { type Kernel, KernelError, type KernelOp, type LinkState, type QdiscState, type TcHandle } from "@gona/kernel";
import type { Step } from "@gona/planner";
import { StepError } from "./step-error.ts";

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
      if (op.op === "vethCreate" || op.op === "linkDelete") this.#makesLinks = true;
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
      if (this.#links.size >= DUMP_AFTER) {
        this.#links = new Map(this.kernel.links().map((link) => [link.name, link]));
        this.#allLinks = true;
      } else this.#links.set(name, this.kernel.link(name));
    }
    return this.#links.get(name);
  }

  /** The same for a link that must be there. Throws KernelError (ENODEV). */
  async presentLink(name: string): Promise<LinkState> {
    const link = await this.link(name);
    if (link === undefined) throw new KernelError(`ip link show dev ${name}`, "ENODEV", "No such device");
    return link;
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
      this.#allLinks = false;
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
