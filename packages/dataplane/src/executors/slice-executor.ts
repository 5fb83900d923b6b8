import type { ClassState, TcHandle } from "@gona/kernel";
import { LAST_PART, minorKind, minorSlot, type SlicePart, type SliceQueue } from "@gona/planner";
import { atPace, innerClass, pacerClass, ROOT_CLASS, sliceClass, toSliceClasses } from "../htb.ts";
import type { OpBatch } from "../op-batch.ts";
import { replaceClass, setClass, setLeaf } from "./class-ops.ts";
import type { Executor } from "./executors.ts";

/**
 * A slice changes in place. Where it holds packets and where it has parts it is another class, as HTB throws away what
 * waits in a class that gets its first child or loses its last: so both stand side by side while it changes from
 * one to the other (planner, slice-transition.ts). executeSteps() has let out what waited in what goes.
 */
export const sliceExecutor: Executor<"slices"> = {
  async set({ value: slice, before }, batch) {
    const { link, vifSlot, leaf } = slice;
    const { shape, parts, inner } = await asItCanStay(slice, before, batch);
    const wanted = new Set(slice.parts.map(({ part }) => part));
    for (const part of parts.keys()) {
      if (!wanted.has(part)) batch.push({ op: "classDelete", link, classid: sliceClass(vifSlot, part) });
    }
    if (inner && wanted.size === 0) batch.push({ op: "classDelete", link, classid: innerClass(vifSlot) });
    if (leaf === null && shape !== undefined && shape.leaf !== null)
      batch.push({ op: "classDelete", link, classid: sliceClass(vifSlot) });
    const { own, inner: above, pacer } = toSliceClasses(slice);
    const were = shape && toSliceClasses(shape);
    const parent = pacer === undefined ? ROOT_CLASS : pacerClass(vifSlot);
    if (pacer !== undefined) replaceClass({ link, parent: ROOT_CLASS, classid: parent }, pacer, were?.pacer, batch);
    if (leaf !== null) {
      const place = { link, parent, classid: sliceClass(vifSlot) };
      replaceClass(place, own, shape?.leaf ? were?.own : undefined, batch);
      await setLeaf(place, leaf, shape?.leaf ?? undefined, batch);
    }
    if (wanted.size === 0) return;
    const classid = innerClass(vifSlot);
    replaceClass({ link, parent, classid }, above, shape?.parts.length ? were?.inner : undefined, batch);
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
  /** Parts that stand; undefined: there, and to be set anew. */
  readonly parts: ReadonlyMap<number, SlicePart | undefined>;
  /** The class above parts stands. */
  readonly inner: boolean;
}

/** What of a slice stands as it should. HTB moves no class: what is under another parent goes, and is made anew. */
async function asItCanStay(slice: SliceQueue, old: SliceQueue | undefined, batch: OpBatch): Promise<Standing> {
  if (old === undefined) return { parts: new Map(), inner: false };
  const samePlace = (old.pace === undefined) === (slice.pace === undefined);
  if (!old.stale && samePlace && !batch.remade.has(slice.link)) {
    const parts = new Map(old.parts.map((part) => [part.part, atPace(part, old)]));
    return { shape: old, parts, inner: parts.size > 0 };
  }
  const { link, vifSlot } = slice;
  const there = await standing(old, batch);
  const own = sliceClass(vifSlot);
  const pacer = pacerClass(vifSlot);
  const inner = innerClass(vifSlot);
  const above = slice.pace === undefined ? ROOT_CLASS : pacer;
  const innerStays = slice.parts.length > 0 && there.get(inner)?.parent === above;
  const parts = new Map<number, undefined>();
  for (const [classid, { parent }] of there) {
    const stays =
      classid === own
        ? slice.leaf !== null && parent === above
        : classid === inner
          ? innerStays
          : classid === pacer
            ? slice.pace !== undefined
            : innerStays && parent === inner;
    if (!stays) batch.push({ op: "classDelete", link, classid });
    else if (classid !== own && classid !== inner && classid !== pacer) parts.set(partOf(vifSlot, classid), undefined);
  }
  return { parts, inner: false };
}

function partOf(vifSlot: number, classid: TcHandle): number {
  for (let part = 1; part <= LAST_PART; part++) if (sliceClass(vifSlot, part) === classid) return part;
  return 0;
}

/** The classes of a slice that is whole, in the order in which they can go. */
function classesOf({ vifSlot, parts, pace, leaf }: SliceQueue): readonly TcHandle[] {
  return [
    ...parts.map(({ part }) => sliceClass(vifSlot, part)),
    ...(parts.length > 0 ? [innerClass(vifSlot)] : []),
    ...(leaf === null ? [] : [sliceClass(vifSlot)]),
    ...(pace === undefined ? [] : [pacerClass(vifSlot)]),
  ];
}

/** The classes of a slice that are there, in the order in which they can go: of something half made not all. */
async function standing({ link, vifSlot }: SliceQueue, batch: OpBatch): Promise<ReadonlyMap<TcHandle, ClassState>> {
  const ours = (await batch.classes(link)).filter(({ classid }) => {
    const minor = classid & 0xffff;
    return minorKind(minor) !== "tree" && minorSlot(minor) === vifSlot;
  });
  const ranks = { part: 0, slice: 1, inner: 1, pacer: 2, tree: 3 };
  const rank = ({ classid }: ClassState): number => ranks[minorKind(classid & 0xffff)];
  ours.sort((a, b) => rank(a) - rank(b) || a.classid - b.classid);
  return new Map(ours.map((state) => [state.classid, state]));
}
