import type { ClassState, HtbClass, TcHandle } from "@gona/kernel";
import { bytes, MAX_BITS_PER_SECOND, type NicId } from "@gona/model";
import {
  type ClassShape,
  FIRST_PACER_MINOR,
  type HtbShape,
  type HubState,
  type Leaf,
  type QueueTree,
  type SliceKey,
  type SliceQueue,
  sliceKey,
} from "@gona/planner";
import {
  fromHtbClass,
  fromLeafQdisc,
  fromPacedClasses,
  HOST_CLASS,
  HTB_HANDLE,
  HTB_QDISC,
  leafHandle,
  pacerClass,
  ROOT_CLASS,
  sliceClass,
  toRootClass,
} from "../htb.ts";
import { type HubView, rootOf } from "./hub-view.ts";

/** Minors of one slice: its own class and those of seven kinds of traffic. */
const MINORS_PER_SLICE = 8;
const NO_LEAF: Leaf = { kind: "fifo", limit: bytes(0) };
const NO_CLASS: HtbClass = {
  rateBytesPerSecond: 0,
  ceilBytesPerSecond: 0,
  bufferTicks: 0,
  cbufferTicks: 0,
  quantumBytes: 0,
  priority: 0,
};

/** Our HTB trees. Stale where a class or leaf is missing or of another make. */
export function observeQueues(view: HubView): Pick<HubState, "trees" | "slices"> {
  const trees = new Map<NicId, QueueTree>();
  const slices = new Map<SliceKey, SliceQueue>();
  for (const { name } of view.links) {
    const root = rootOf(view, name);
    if (root?.handle !== HTB_HANDLE || root.qdisc.kind !== "htb") continue;
    const nic = name as NicId;
    const classes = new Map(view.kernel.classes(name).map((state) => [state.classid, state]));
    trees.set(nic, queueTree(view, name, classes, root.qdisc.defaultMinor));
    for (const vifSlot of slotsOf(classes.keys())) {
      slices.set(sliceKey(name, vifSlot), sliceQueue(view, name, classes, vifSlot));
    }
  }
  return { trees, slices };
}

/** Slots of which a slice's class stands, or the pacer that is made before it and goes after it. */
function slotsOf(classids: Iterable<TcHandle>): ReadonlySet<number> {
  const slots = new Set<number>();
  for (const classid of classids) {
    const minor = classid & 0xffff;
    if (minor >= FIRST_PACER_MINOR) slots.add(minor - FIRST_PACER_MINOR);
    else if (minor >= MINORS_PER_SLICE && minor % MINORS_PER_SLICE === 0) slots.add(minor / MINORS_PER_SLICE - 1);
  }
  return slots;
}

function sliceQueue(
  view: HubView,
  link: string,
  classes: ReadonlyMap<TcHandle, ClassState>,
  vifSlot: number,
): SliceQueue {
  const classid = sliceClass(vifSlot);
  const own = classes.get(classid);
  const { stale, leaf, ...plain } = shapeOf(view, link, classid, own?.htb ?? NO_CLASS);
  const pacer = classes.get(pacerClass(vifSlot));
  const paced = own && pacer && fromPacedClasses(inUnits(own.htb), inUnits(pacer.htb));
  const parent = pacer === undefined ? ROOT_CLASS : pacerClass(vifSlot);
  const whole = stale === undefined && own?.parent === parent && (pacer === undefined || paced !== undefined);
  const rest = { leaf, link, vifSlot, parts: [] };
  return { ...(paced ?? plain), ...rest, ...(whole ? {} : { stale: true }) };
}

function queueTree(
  view: HubView,
  nic: string,
  classes: ReadonlyMap<TcHandle, ClassState>,
  defaultMinor: number,
): QueueTree {
  const top = classes.get(ROOT_CLASS)?.htb ?? NO_CLASS;
  const { rate, burst } = fromHtbClass(inUnits(top));
  const { stale, ...host } = shapeOf(view, nic, HOST_CLASS, classes.get(HOST_CLASS)?.htb ?? NO_CLASS);
  const expected = toRootClass({ rate, burst });
  const whole =
    stale === undefined &&
    defaultMinor === HTB_QDISC.defaultMinor &&
    top.rateBytesPerSecond > 0 &&
    top.ceilBytesPerSecond === expected.ceilBytesPerSecond &&
    top.cbufferTicks === expected.cbufferTicks;
  return { rate, burst, host, ...(whole ? {} : { stale: true }) };
}

/** The shape of a class with its leaf; stale where the leaf is not one of ours. */
function shapeOf(view: HubView, nic: string, classid: TcHandle, htb: HtbClass): HtbShape & { readonly stale?: true } {
  const qdisc = view.qdiscs.get(nic)?.get(classid);
  const mtu = view.linkByName.get(nic)?.mtu ?? 0;
  const leaf = qdisc?.handle === leafHandle(classid) ? fromLeafQdisc(qdisc.qdisc, mtu) : undefined;
  const shape: ClassShape = fromHtbClass(inUnits(htb));
  return leaf === undefined ? { ...shape, leaf: NO_LEAF, stale: true } : { ...shape, leaf };
}

/** Whatever someone set by hand: what lies outside our units is brought to their end, and differs from every plan. */
const inUnits = (htb: HtbClass): HtbClass => ({
  ...htb,
  rateBytesPerSecond: Math.min(htb.rateBytesPerSecond, MAX_BITS_PER_SECOND / 8),
  ceilBytesPerSecond: Math.min(htb.ceilBytesPerSecond, MAX_BITS_PER_SECOND / 8),
});
