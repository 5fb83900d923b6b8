import { type ClassCounterSink, type Kernel, KernelError, type TcHandle } from "@gona/kernel";
import { minorKind, minorSlot } from "@gona/planner";
import { HOST_CLASS, HTB_HANDLE, ROOT_CLASS } from "./htb.ts";

const FIRST_SLOTS = 64;

/** Counters of one class, bytes as the wire has them. Numbers, as `classCounters` gives them. */
export interface ClassCount {
  readonly atMs: number;
  readonly bytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly backlogBytes: number;
}

/**
 * The counters of one queue tree by vif slot, in columns that are filled again and again: thousands
 * are read each second. Of a slice with parts: what passed all of them, and the sums of what they
 * dropped and hold.
 */
export class TreeCounters implements ClassCounterSink {
  readonly #now: () => number;
  #atMs = new Float64Array(FIRST_SLOTS);
  #bytes = new Float64Array(FIRST_SLOTS);
  #packets = new Float64Array(FIRST_SLOTS);
  #drops = new Float64Array(FIRST_SLOTS);
  #backlogBytes = new Float64Array(FIRST_SLOTS);
  /** 1: some class of the slice waits for its own limit. */
  #held = new Uint8Array(FIRST_SLOTS);
  #root: ClassCount | undefined;
  /** All wait for the capacity. */
  #isFull = false;
  #host: ClassCount | undefined;
  #waitingSlots = 0;

  /** `now`: a monotonic clock, milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Reads the tree of a link; false where there is no such link. Throws KernelError. */
  read(kernel: Pick<Kernel, "classCounters">, link: string): boolean {
    return this.#read(kernel, link);
  }

  /** Of the root class alone: all that passed the tree; undefined where there is none. Throws KernelError. */
  readRoot(kernel: Pick<Kernel, "classCounters">, link: string): ClassCount | undefined {
    return this.#read(kernel, link, ROOT_CLASS) ? this.#root : undefined;
  }

  begin(): void {
    this.#atMs.fill(0);
    this.#drops.fill(0);
    this.#backlogBytes.fill(0);
    this.#held.fill(0);
    this.#root = undefined;
    this.#isFull = false;
    this.#host = undefined;
    this.#waitingSlots = 0;
  }

  take(classid: number, bytes: number, packets: number, drops: number, backlogBytes: number, ceilTokens: number): void {
    if (classid >>> 16 !== HTB_HANDLE >>> 16) return;
    const atMs = this.#now();
    const minor = classid & 0xffff;
    const kind = minorKind(minor);
    if (kind === "tree") {
      const count = { atMs, bytes, packets, drops, backlogBytes };
      if (classid === ROOT_CLASS) {
        this.#root = count;
        this.#isFull = ceilTokens < 0;
      } else if (classid === HOST_CLASS) this.#host = count;
      return;
    }
    const slot = minorSlot(minor);
    if (slot >= this.#atMs.length) this.#grow(slot);
    // What passed a pacer is counted at its slice; a slice that waits for its pacer waits for its limit.
    if (ceilTokens < 0) this.#held[slot] = 1;
    if (kind === "pacer") return;
    // While a slice changes between a queue and parts it has a class for each.
    if (kind !== "part") {
      this.#bytes[slot] = (this.#atMs[slot] === 0 ? 0 : (this.#bytes[slot] ?? 0)) + bytes;
      this.#packets[slot] = (this.#atMs[slot] === 0 ? 0 : (this.#packets[slot] ?? 0)) + packets;
      this.#atMs[slot] = atMs;
    }
    if (backlogBytes > 0 && this.#backlogBytes[slot] === 0) this.#waitingSlots++;
    this.#drops[slot] = (this.#drops[slot] ?? 0) + drops;
    this.#backlogBytes[slot] = (this.#backlogBytes[slot] ?? 0) + backlogBytes;
  }

  /** All that passed. */
  get root(): ClassCount | undefined {
    return this.#root;
  }

  /** The default class: the host's own traffic. */
  get host(): ClassCount | undefined {
    return this.#host;
  }

  /** Whether something waits anywhere in the tree. */
  get isWaiting(): boolean {
    return this.#waitingSlots > 0 || (this.#host?.backlogBytes ?? 0) > 0;
  }

  /** Undefined for a slot without a class. */
  slice(slot: number): ClassCount | undefined {
    const atMs = this.#atMs[slot] ?? 0;
    if (atMs === 0) return undefined;
    return {
      atMs,
      bytes: this.#bytes[slot] ?? 0,
      packets: this.#packets[slot] ?? 0,
      drops: this.#drops[slot] ?? 0,
      backlogBytes: this.#backlogBytes[slot] ?? 0,
    };
  }

  /** Whether a slice did anything since `before`, or something waits in it. */
  moved(slot: number, before: TreeCounters): boolean {
    return (
      this.#atMs[slot] !== 0 &&
      (this.#bytes[slot] !== before.#bytes[slot] ||
        this.#drops[slot] !== before.#drops[slot] ||
        (this.#backlogBytes[slot] ?? 0) > 0)
    );
  }

  /** Something waits in a slice although neither its own limit nor the capacity holds it. */
  isStalled(slot: number): boolean {
    return !this.#isFull && (this.#backlogBytes[slot] ?? 0) > 0 && this.#held[slot] === 0;
  }

  #read(kernel: Pick<Kernel, "classCounters">, link: string, classid?: TcHandle): boolean {
    try {
      kernel.classCounters(link, this, classid);
      return true;
    } catch (error) {
      this.begin();
      if (error instanceof KernelError && error.errno === "ENODEV") return false;
      throw error;
    }
  }

  #grow(slot: number): void {
    const size = 2 ** Math.ceil(Math.log2(slot + 1));
    const column = (old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(size);
      grown.set(old);
      return grown;
    };
    this.#atMs = column(this.#atMs);
    this.#bytes = column(this.#bytes);
    this.#packets = column(this.#packets);
    this.#drops = column(this.#drops);
    this.#backlogBytes = column(this.#backlogBytes);
    const held = new Uint8Array(size);
    held.set(this.#held);
    this.#held = held;
  }
}
