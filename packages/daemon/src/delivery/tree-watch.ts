import { type ClassCount, TreeCounters } from "@gona/dataplane";
import type { Kernel } from "@gona/kernel";
import type { NicId } from "@gona/model";
import { type Measured, type MeasureOptions, measure, type NicInterval, type SliceInterval } from "@gona/planner";
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
  /** By vif slot: what the program counted by the last look, of slices that were asked for then. */
  #counted = new Map<number, Counted>();

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
    const counted = new Map<number, Counted>();
    for (const [slot, slice] of bySlot) {
      if (!after.moved(slot, before)) continue;
      // Another vif's class may have had this slot.
      if (previous.bySlot.get(slot)?.vif.id !== slice.vif.id) continue;
      const [old, now] = [before.slice(slot), after.slice(slot)];
      if (slice.managed || (now !== undefined && (now.backlogBytes > 0 || now.drops !== old?.drops))) {
        counted.set(slot, countOf(slice, context));
      }
      const measured = this.#measure(old, now, countedSince(this.#counted.get(slot), counted.get(slot)));
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
    this.#counted = counted;
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

  #measure(
    before: ClassCount | undefined,
    after: ClassCount | undefined,
    more: MeasureOptions = {},
  ): Measured | undefined {
    if (before === undefined || after === undefined) return undefined;
    const overheadBytes = this.#promised.nic.overhead;
    return measure({ ...before, atMs: Math.max(before.atMs, this.#quietAtMs) }, after, { ...more, overheadBytes });
  }
}

/** Of one slice in one direction, since its counters began. */
interface Counted {
  readonly bytes: number;
  readonly managedDrops: number;
}

/** Costs as much as all the rest of a slice, so it is asked for where something is dropped or waits. */
function countOf({ vifSlot, number, direction }: PromisedSlice, { sliceCounters }: TreeContext): Counted {
  const { txBytes, rxBytes, txAqmDrops, rxAqmDrops } = sliceCounters(vifSlot, number);
  return direction === "egress"
    ? { bytes: Number(txBytes), managedDrops: Number(txAqmDrops) }
    : { bytes: Number(rxBytes), managedDrops: Number(rxAqmDrops) };
}

function countedSince(then: Counted | undefined, now: Counted | undefined): MeasureOptions {
  if (then === undefined || now === undefined) return {};
  return {
    countedBytes: Math.max(0, now.bytes - then.bytes),
    managedDrops: Math.max(0, now.managedDrops - then.managedDrops),
  };
}
