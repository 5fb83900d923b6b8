import { type ClassCount, TreeCounters } from "@gona/dataplane";
import type { Kernel } from "@gona/kernel";
import type { NicId } from "@gona/model";

/** A NIC that carries less than this part of its capacity leaves every slice its limit. */
const FULL = 0.9;
/** A queue that sends less than this part of its limit, and waits, is held back by others. */
const HELD = 0.97;

export interface DrainWatchOptions {
  readonly kernel: Pick<Kernel, "classCounters">;
  /** Milliseconds. */
  readonly now: () => number;
}

/** How fast queues on one NIC really drain while neighbours leave them less than their limits. */
export class DrainWatch {
  readonly #options: DrainWatchOptions;
  readonly #nic: NicId;
  #root: ClassCount | undefined;
  readonly #rootReader: TreeCounters;
  #now: TreeCounters;
  #before: TreeCounters;
  #isFull = false;

  constructor(nic: NicId, options: DrainWatchOptions) {
    this.#options = options;
    this.#nic = nic;
    this.#rootReader = new TreeCounters(options.now);
    this.#now = new TreeCounters(options.now);
    this.#before = new TreeCounters(options.now);
  }

  /**
   * Looks; one request while the NIC (`capacity`: bytes/s) is not full, else a dump of its classes. Then
   * drainOf() tells of the time since the look before. Throws KernelError.
   */
  look(capacity: number): void {
    const { kernel } = this.#options;
    const last = this.#root;
    this.#root = this.#rootReader.readRoot(kernel, this.#nic);
    const sent = last && this.#root ? (this.#root.bytes - last.bytes) / ((this.#root.atMs - last.atMs) / 1000) : 0;
    if (!(sent >= FULL * capacity)) {
      this.#isFull = false;
      return;
    }
    [this.#now, this.#before] = [this.#before, this.#now];
    // An old look tells nothing about now.
    if (!this.#isFull) this.#before.begin();
    this.#isFull = this.#now.read(kernel, this.#nic);
  }

  /** Bytes/s at which a slice's queue drained where that is below its limit (bytes/s); undefined: nobody held it. */
  drainOf(vifSlot: number, limit: number): number | undefined {
    if (!this.#isFull) return undefined;
    const [before, now] = [this.#before.slice(vifSlot), this.#now.slice(vifSlot)];
    if (before === undefined || now === undefined || before.backlogBytes === 0 || now.backlogBytes === 0)
      return undefined;
    const sent = (now.bytes - before.bytes) / ((now.atMs - before.atMs) / 1000);
    return sent > 0 && sent < HELD * limit ? sent : undefined;
  }
}
