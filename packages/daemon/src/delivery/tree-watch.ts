import { type ClassCount, TreeCounters } from "@gona/dataplane";
import type { Kernel } from "@gona/kernel";
import type { NicId } from "@gona/model";
import { type Measured, measure, type NicInterval, type SliceInterval } from "@gona/planner";
import type { SliceCounters } from "../data-plane.ts";
import type { PromisedSlice, PromisedTree } from "./promised-tree.ts";

/** What a watch asks of the world outside its own tree. */
export interface TreeContext {
  readonly kernel: Pick<Kernel, "classCounters">;
  readonly sliceCounters: (vifSlot: number, slice: number) => SliceCounters;
  readonly isCapped: (slice: PromisedSlice) => boolean;
  readonly lostNics: (slice: PromisedSlice) => readonly NicId[];
}

/** The slices of one tree in which something happened, and the interval that they are judged by. */
export interface TreeInterval {
  readonly slices: readonly PromisedSlice[];
  readonly interval: NicInterval;
}

const NOTHING: ClassCount = { atMs: 0, bytes: 0, packets: 0, drops: 0, backlogBytes: 0 };

/** Looks at one queue tree again and again; reads no more than its root class while nothing passes. */
export class TreeWatch {
  readonly #link: string;
  readonly #now: () => number;
  #promised: PromisedTree;
  #before: TreeCounters;
  #spare: TreeCounters;
  /** Bytes of the root class at the last look; undefined before the first. */
  #passedBytes: number | undefined;
  /** The last look at which nothing had happened since the one before: the counters are as of then. */
  #quietAtMs = 0;
  /** By vif slot: looks in a row at which it was stalled. */
  #stalled = new Map<number, number>();
  /** By vif slot: bytes that the program sent into the queue by the last look, of slices that were full then. */
  #countedBytes = new Map<number, number>();

  /** `now`: a monotonic clock, milliseconds. */
  constructor(link: string, promised: PromisedTree, now: () => number) {
    this.#link = link;
    this.#promised = promised;
    this.#now = now;
    this.#before = new TreeCounters(now);
    this.#spare = new TreeCounters(now);
  }

  /** Undefined where nothing happened, at the first look, and where the tree is gone. Throws KernelError. */
  look(promised: PromisedTree, context: TreeContext): TreeInterval | undefined {
    const passed = this.#spare.readRoot(context.kernel, this.#link);
    if (passed === undefined) {
      this.#passedBytes = undefined;
      return undefined;
    }
    if (passed.bytes === this.#passedBytes && !this.#before.isWaiting) {
      this.#quietAtMs = this.#now();
      this.#stalled.clear();
      return undefined;
    }
    const first = this.#passedBytes === undefined;
    const before = this.#before;
    const after = this.#spare;
    if (!after.read(context.kernel, this.#link)) return undefined;
    this.#before = after;
    this.#spare = before;
    // As of the whole look: what passed since the quick one is in it.
    this.#passedBytes = after.root?.bytes ?? 0;
    const previous = this.#promised;
    this.#promised = promised;
    const made = first ? undefined : this.#interval(previous, before, after, context);
    this.#quietAtMs = 0;
    return made;
  }

  #interval(
    previous: PromisedTree,
    before: TreeCounters,
    after: TreeCounters,
    context: TreeContext,
  ): TreeInterval | undefined {
    const { bySlot, nic, host } = this.#promised;
    const total = this.#measure(before.root, after.root);
    if (total === undefined) return undefined;
    const slices: PromisedSlice[] = [];
    const intervals: SliceInterval[] = [];
    const stalled = new Map<number, number>();
    const countedBytes = new Map<number, number>();
    for (const [slot, slice] of bySlot) {
      if (!after.moved(slot, before)) continue;
      // Another vif's class may have had this slot.
      if (previous.bySlot.get(slot)?.vif.id !== slice.vif.id) continue;
      const [old, now] = [before.slice(slot), after.slice(slot)];
      if (now !== undefined && (now.backlogBytes > 0 || now.drops !== old?.drops)) {
        countedBytes.set(slot, countOf(slice, context));
      }
      const measured = this.#measure(old, now, this.#countedSince(slot, countedBytes));
      if (measured === undefined) continue;
      const stalledLooks = after.isStalled(slot) ? (this.#stalled.get(slot) ?? 0) + 1 : 0;
      if (stalledLooks > 0) stalled.set(slot, stalledLooks);
      slices.push(slice);
      intervals.push({
        share: slice.share,
        measured,
        stalledLooks,
        capped: context.isCapped(slice),
        lostNics: context.lostNics(slice),
      });
    }
    this.#stalled = stalled;
    this.#countedBytes = countedBytes;
    const ofHost = this.#measure(before.host ?? NOTHING, after.host ?? NOTHING);
    return {
      slices,
      interval: {
        capacityBitsPerSecond: nic.capacity,
        totalBitsPerSecond: total.deliveredBitsPerSecond,
        ...(ofHost && { host: { share: host, measured: ofHost } }),
        slices: intervals,
      },
    };
  }

  #measure(before: ClassCount | undefined, after: ClassCount | undefined, countedBytes = 0): Measured | undefined {
    if (before === undefined || after === undefined) return undefined;
    const overheadBytes = this.#promised.nic.overhead;
    return measure({ ...before, atMs: Math.max(before.atMs, this.#quietAtMs) }, after, { countedBytes, overheadBytes });
  }

  /** What the program handed to a slice since the last look; 0 where that was not asked for then. */
  #countedSince(slot: number, countedBytes: ReadonlyMap<number, number>): number {
    const now = countedBytes.get(slot);
    const then = this.#countedBytes.get(slot);
    return now === undefined || then === undefined ? 0 : Math.max(0, now - then);
  }
}

/** Costs as much as all the rest of a slice, so it is asked for where something is dropped or waits. */
function countOf({ vifSlot, number, direction }: PromisedSlice, { sliceCounters }: TreeContext): number {
  const { txBytes, rxBytes } = sliceCounters(vifSlot, number);
  return Number(direction === "egress" ? txBytes : rxBytes);
}
