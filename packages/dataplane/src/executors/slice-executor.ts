import type { ClassState, TcHandle } from "@gona/kernel";
import type { SlicePart, SliceQueue } from "@gona/planner";
import { atPace, pacerClass, ROOT_CLASS, sliceClass, toSliceClasses } from "../htb.ts";
import type { OpBatch } from "../op-batch.ts";
import { replaceClass, setClass, setLeaf } from "./class-ops.ts";
import type { Executor } from "./executors.ts";

/**
 * A slice changes in place. HTB turns a class into one without packets when it gets its first child,
 * and back when the last one goes, and each time throws away what waits in it; it changes the quantum
 * of a class without children alone. So a slice's own class comes before its first part and is set
 * anew after its last one has gone. executeSteps() has let out what waited in what goes.
 */
export const sliceExecutor: Executor<"slices"> = {
  async set({ value: slice, before }, batch) {
    const { link, vifSlot } = slice;
    const { shape, parts } = await asItCanStay(slice, before, batch);
    const wanted = new Set(slice.parts.map(({ part }) => part));
    for (const part of parts.keys()) {
      if (!wanted.has(part)) batch.push({ op: "classDelete", link, classid: sliceClass(vifSlot, part) });
    }
    const { own, pacer } = toSliceClasses(slice);
    const were = shape && toSliceClasses(shape);
    const parent = pacer === undefined ? ROOT_CLASS : pacerClass(vifSlot);
    if (pacer !== undefined) replaceClass({ link, parent: ROOT_CLASS, classid: parent }, pacer, were?.pacer, batch);
    const classid = sliceClass(vifSlot);
    const keeps = shape !== undefined && (shape.leaf === null) === (slice.leaf === null);
    replaceClass({ link, parent, classid }, own, keeps ? were?.own : undefined, batch);
    if (slice.leaf !== null) await setLeaf({ link, classid }, slice.leaf, shape?.leaf ?? undefined, batch);
    for (const part of slice.parts) {
      const place = { link, parent: classid, classid: sliceClass(vifSlot, part.part) };
      await setClass(place, atPace(part, slice), parts.get(part.part), batch);
    }
  },

  async clear({ before }, batch) {
    const { link } = before;
    if ((await batch.link(link)) === undefined) return;
    const classids =
      before.stale || batch.remade.has(link) ? [...(await standing(before, batch)).keys()] : classesOf(before);
    // A leaf goes with its class.
    for (const classid of classids) batch.push({ op: "classDelete", link, classid });
  },
};

interface Standing {
  /** What the slice's own classes are known to be; undefined: they are not there, or to be set anew. */
  readonly shape?: SliceQueue;
  /** Parts that stand below it; undefined: there, and to be set anew. */
  readonly parts: ReadonlyMap<number, SlicePart | undefined>;
}

/** What of a slice stands as it should. HTB moves no class: what is under another parent goes, and is made anew. */
async function asItCanStay(slice: SliceQueue, old: SliceQueue | undefined, batch: OpBatch): Promise<Standing> {
  if (old === undefined) return { parts: new Map() };
  const samePlace = (old.pace === undefined) === (slice.pace === undefined);
  if (!old.stale && samePlace && !batch.remade.has(slice.link))
    return { shape: old, parts: new Map(old.parts.map((part) => [part.part, atPace(part, old)])) };
  const { link, vifSlot } = slice;
  const there = await standing(old, batch);
  const own = sliceClass(vifSlot);
  const above = slice.pace === undefined ? ROOT_CLASS : pacerClass(vifSlot);
  const ownStays = there.get(own)?.parent === above;
  const parts = new Map<number, undefined>();
  for (const [classid, { parent }] of there) {
    const isPart = classid > own && classid < own + MINORS;
    if (ownStays && isPart && parent === own) parts.set(classid - own, undefined);
    else if (!ownStays || (classid !== own && classid !== above)) batch.push({ op: "classDelete", link, classid });
  }
  return { parts };
}

/** Minors of one slice: its own class and its parts. */
const MINORS = 8;

/** The classes of a slice that is whole, in the order in which they can go. */
function classesOf({ vifSlot, parts, pace }: SliceQueue): readonly TcHandle[] {
  const pacer = pace === undefined ? [] : [pacerClass(vifSlot)];
  return [...parts.map(({ part }) => sliceClass(vifSlot, part)), sliceClass(vifSlot), ...pacer];
}

/** The classes of a slice that are there, in the order in which they can go: of something half made not all. */
async function standing({ link, vifSlot }: SliceQueue, batch: OpBatch): Promise<ReadonlyMap<TcHandle, ClassState>> {
  const own = sliceClass(vifSlot);
  const all = await batch.classes(link);
  const ours = all.filter(
    ({ classid }) => classid === pacerClass(vifSlot) || (classid >= own && classid < own + MINORS),
  );
  const rank = (classid: TcHandle): number => (classid === pacerClass(vifSlot) ? 2 : classid === own ? 1 : 0);
  ours.sort((a, b) => rank(a.classid) - rank(b.classid) || a.classid - b.classid);
  return new Map(ours.map((state) => [state.classid, state]));
}
