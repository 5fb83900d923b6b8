import type { ClassState, HtbClass, Qdisc, TcHandle } from "@gona/kernel";
import { bytes, MAX_BITS_PER_SECOND } from "@gona/model";
import {
  type ClassShape,
  equalData,
  type HtbShape,
  type HubState,
  INNER_QUANTUM,
  LAST_PART,
  type Leaf,
  minorKind,
  minorSlot,
  type QueueTree,
  type SliceKey,
  type SlicePart,
  type SliceQueue,
  sliceKey,
  type TimedQueue,
} from "@gona/planner";
import {
  fromHtbClass,
  fromPace,
  fromPacedClasses,
  HOST_CLASS,
  HTB_HANDLE,
  HTB_QDISC,
  innerClass,
  leafHandle,
  pacerClass,
  ROOT_CLASS,
  sliceClass,
  toRootClass,
} from "../htb.ts";
import { fromLeafQdisc, innerPlace } from "../leaf.ts";
import { segmentMtu } from "../segment-mtu.ts";
import { fromTimedQdisc, TIMED_HANDLE } from "../timed-queue.ts";
import { type HubView, rootOf } from "./hub-view.ts";

const NO_LEAF: Leaf = { kind: "fifo", limit: bytes(0) };
const NO_CLASS: HtbClass = {
  rateBytesPerSecond: 0,
  ceilBytesPerSecond: 0,
  bufferTicks: 0,
  cbufferTicks: 0,
  quantumBytes: 0,
  priority: 0,
};

/** Our HTB trees. Stale where a class or leaf is missing or of another make, and on `broken` links. */
export function observeQueues(view: HubView, broken: ReadonlySet<string>): Pick<HubState, "trees" | "slices"> {
  const trees = new Map<string, QueueTree | TimedQueue>();
  const slices = new Map<SliceKey, SliceQueue>();
  for (const { name } of view.links) {
    const root = rootOf(view, name);
    const lost = broken.has(name) ? { stale: true as const } : {};
    if (root?.handle === TIMED_HANDLE && root.qdisc.kind === "fq")
      trees.set(name, { ...fromTimedQdisc(root.qdisc), ...lost });
    if (root?.handle !== HTB_HANDLE || root.qdisc.kind !== "htb") continue;
    const classes = new Map(view.kernel.classes(name).map((state) => [state.classid, state]));
    trees.set(name, { ...queueTree(view, name, classes, root.qdisc), ...lost });
    for (const vifSlot of slotsOf(classes.keys())) {
      slices.set(sliceKey(name, vifSlot), { ...sliceQueue(view, name, classes, vifSlot), ...lost });
    }
  }
  return { trees, slices };
}

/** Slots of which any class stands. */
function slotsOf(classids: Iterable<TcHandle>): ReadonlySet<number> {
  const slots = new Set<number>();
  for (const classid of classids) {
    const minor = classid & 0xffff;
    if (minorKind(minor) !== "tree") slots.add(minorSlot(minor));
  }
  return slots;
}

function sliceQueue(
  view: HubView,
  link: string,
  classes: ReadonlyMap<TcHandle, ClassState>,
  vifSlot: number,
): SliceQueue {
  const own = classes.get(sliceClass(vifSlot));
  const inner = classes.get(innerClass(vifSlot));
  const parts = partsOf(view, link, classes, vifSlot);
  const { stale, leaf, ...plain } = shapeOf(view, link, sliceClass(vifSlot), (own ?? inner)?.htb ?? NO_CLASS);
  const pacer = classes.get(pacerClass(vifSlot));
  const paced = pacer && fromPacedClasses(inUnits((own ?? inner)?.htb ?? NO_CLASS), inUnits(pacer.htb));
  const parent = pacer === undefined ? ROOT_CLASS : pacerClass(vifSlot);
  const whole =
    (own !== undefined || inner !== undefined) &&
    [own, inner].every((one) => one === undefined || one.parent === parent) &&
    (pacer === undefined || paced !== undefined) &&
    (own === undefined || stale === undefined) &&
    (inner === undefined) === (parts.length === 0) &&
    (own === undefined || inner === undefined || isAlike(own.htb, inner.htb)) &&
    parts.every((part) => part.whole);
  return {
    ...(paced ?? plain),
    // HTB uses no quantum of a class above others and cannot change it.
    ...(own === undefined ? { quantum: INNER_QUANTUM, priority: 0 } : {}),
    leaf: own === undefined ? null : leaf,
    link,
    vifSlot,
    parts: parts.map((part) => fromPace(part.shape, paced ?? plain)),
    ...(whole ? {} : { stale: true as const }),
  };
}

/** But for what HTB does not use of a class above others. */
const isAlike = (own: HtbClass, inner: HtbClass): boolean =>
  equalData(inner, { ...own, quantumBytes: inner.quantumBytes, priority: inner.priority });

interface ObservedPart {
  readonly shape: SlicePart;
  readonly whole: boolean;
}

/** The parts of a slice, ascending; not whole: without its leaf, or below another class. */
function partsOf(
  view: HubView,
  link: string,
  classes: ReadonlyMap<TcHandle, ClassState>,
  vifSlot: number,
): readonly ObservedPart[] {
  const parts: ObservedPart[] = [];
  for (let part = 1; part <= LAST_PART; part++) {
    const state = classes.get(sliceClass(vifSlot, part));
    if (state === undefined) continue;
    const { stale, ...shape } = shapeOf(view, link, state.classid, state.htb);
    parts.push({ shape: { ...shape, part }, whole: stale === undefined && state.parent === innerClass(vifSlot) });
  }
  return parts;
}

function queueTree(
  view: HubView,
  link: string,
  classes: ReadonlyMap<TcHandle, ClassState>,
  { defaultMinor, offload }: Extract<Qdisc, { kind: "htb" }>,
): QueueTree {
  const top = classes.get(ROOT_CLASS)?.htb ?? NO_CLASS;
  const { rate, burst, overhead } = fromHtbClass(inUnits(top));
  const { stale, ...host } = shapeOf(view, link, HOST_CLASS, classes.get(HOST_CLASS)?.htb ?? NO_CLASS);
  const tree = { rate, burst, ...(overhead === undefined ? {} : { overhead }), ...(offload && { offload }) };
  const expected = toRootClass(tree);
  const whole =
    stale === undefined &&
    defaultMinor === HTB_QDISC.defaultMinor &&
    top.rateBytesPerSecond > 0 &&
    top.ceilBytesPerSecond === expected.ceilBytesPerSecond &&
    top.cbufferTicks === expected.cbufferTicks;
  return { ...tree, host, ...(whole ? {} : { stale: true }) };
}

/** The shape of a class with its leaf; stale where the leaf is not one of ours. */
function shapeOf(view: HubView, link: string, classid: TcHandle, htb: HtbClass): HtbShape & { readonly stale?: true } {
  const qdiscs = view.qdiscs.get(link);
  const qdisc = qdiscs?.get(classid);
  const inner = qdiscs?.get(innerPlace(classid))?.qdisc;
  const state = view.linkByName.get(link);
  const mtu = state === undefined ? 0 : segmentMtu(state, view.longestMtu);
  const leaf = qdisc?.handle === leafHandle(classid) ? fromLeafQdisc(qdisc.qdisc, mtu, inner) : undefined;
  const shape: ClassShape = fromHtbClass(inUnits(htb));
  return leaf === undefined ? { ...shape, leaf: NO_LEAF, stale: true } : { ...shape, leaf };
}

/** Whatever someone set by hand: what lies outside our units is brought to their end, and differs from every plan. */
const inUnits = (htb: HtbClass): HtbClass => ({
  ...htb,
  rateBytesPerSecond: Math.min(htb.rateBytesPerSecond, MAX_BITS_PER_SECOND / 8),
  ceilBytesPerSecond: Math.min(htb.ceilBytesPerSecond, MAX_BITS_PER_SECOND / 8),
});
