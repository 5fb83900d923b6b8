import {
  type ClassState,
  describeQdisc,
  formatTcHandle,
  type HtbClass,
  type QdiscState,
  TC_ROOT,
  type TcHandle,
} from "@gona/kernel";
import { GonaError } from "@gona/model";
import type { HtbShape, Leaf, SliceQueue } from "@gona/planner";
import {
  HOST_CLASS,
  HTB_HANDLE,
  HTB_QDISC,
  leafHandle,
  pacerClass,
  ROOT_CLASS,
  sliceClass,
  toHtbClass,
  toLeafQdisc,
  toRootClass,
  toSliceClasses,
} from "../htb.ts";
import type { OpBatch } from "../op-batch.ts";
import type { Executor } from "./executors.ts";

export const treeExecutor: Executor<"trees"> = {
  async set({ key: nic, value: queue, before: old }, batch) {
    const before = old?.stale ? undefined : old;
    if (before === undefined) replaceRoot(nic, batch);
    if (before?.rate !== queue.rate || before.burst !== queue.burst) {
      batch.push({ op: "classReplace", link: nic, parent: HTB_HANDLE, classid: ROOT_CLASS, htb: toRootClass(queue) });
    }
    await setClass(nic, HOST_CLASS, queue.host, before?.host, batch);
  },

  async clear({ key: nic }, batch) {
    if ((await batch.link(nic)) === undefined) return;
    batch.push({ op: "qdiscDelete", link: nic, parent: TC_ROOT, handle: HTB_HANDLE });
  },
};

export const sliceExecutor: Executor<"slices"> = {
  async set({ value: slice, before: old }, batch) {
    const { leaf, link, vifSlot } = slice;
    if (leaf === null) throw new GonaError("BUG", "slices with parts have no executor yet");
    const before = await asItCanStay(slice, old, batch);
    const { own, pacer } = toSliceClasses(slice);
    const were = before && toSliceClasses(before);
    const classid = sliceClass(vifSlot);
    if (pacer !== undefined && !equal(pacer, were?.pacer)) {
      batch.push({ op: "classReplace", link, parent: ROOT_CLASS, classid: pacerClass(vifSlot), htb: pacer });
    }
    if (!equal(own, were?.own)) {
      const parent = pacer === undefined ? ROOT_CLASS : pacerClass(vifSlot);
      batch.push({ op: "classReplace", link, parent, classid, htb: own });
    }
    await setLeaf(link, classid, leaf, before?.leaf ?? undefined, batch);
  },

  async clear({ before }, batch) {
    if ((await batch.link(before.link)) === undefined) return;
    const { link, vifSlot } = before;
    const classids = before.stale
      ? (await classesOf(before, batch)).keys()
      : [sliceClass(vifSlot), ...(before.pace === undefined ? [] : [pacerClass(vifSlot)])];
    // A leaf goes with its class.
    for (const classid of classids) batch.push({ op: "classDelete", link, classid });
  },
};

/** What of the slice stands as it should. HTB moves no class: one under another parent goes, and is made anew. */
async function asItCanStay(
  slice: SliceQueue,
  old: SliceQueue | undefined,
  batch: OpBatch,
): Promise<SliceQueue | undefined> {
  if (old === undefined) return undefined;
  const { link, vifSlot } = slice;
  const parent = slice.pace === undefined ? ROOT_CLASS : pacerClass(vifSlot);
  if (!old.stale && (old.pace === undefined) === (slice.pace === undefined)) return old;
  const standing = await classesOf(old, batch);
  if (standing.get(sliceClass(vifSlot))?.parent === parent) return undefined;
  for (const classid of standing.keys()) batch.push({ op: "classDelete", link, classid });
  return undefined;
}

/** The classes of a slice that are there, in the order in which they can go: of something half made not all. */
async function classesOf({ link, vifSlot }: SliceQueue, batch: OpBatch): Promise<ReadonlyMap<TcHandle, ClassState>> {
  await batch.flush();
  const all = new Map(batch.kernel.link(link) && batch.kernel.classes(link).map((state) => [state.classid, state]));
  const ours = [sliceClass(vifSlot), pacerClass(vifSlot)];
  return new Map(ours.flatMap((classid) => (all.get(classid) ? [[classid, all.get(classid) as ClassState]] : [])));
}

/** Makes our HTB the root. Throws FOREIGN_STATE where someone else's would be lost. */
function replaceRoot(nic: string, batch: OpBatch): void {
  const root = batch.qdisc(nic, TC_ROOT);
  // Handle 0 is what the kernel itself puts there (noqueue, mq, pfifo_fast, fq_codel, fq).
  if (root !== undefined && root.handle !== 0) {
    if (root.handle !== HTB_HANDLE || root.qdisc.kind !== "htb") throw foreignRoot(nic, root);
    // HTB has no change operation: as it is, or anew.
    if (root.qdisc.defaultMinor === HTB_QDISC.defaultMinor) return;
    batch.push({ op: "qdiscDelete", link: nic, parent: TC_ROOT, handle: HTB_HANDLE });
  }
  batch.push({ op: "qdiscReplace", link: nic, parent: TC_ROOT, handle: HTB_HANDLE, qdisc: HTB_QDISC });
}

function foreignRoot(nic: string, { handle, qdisc }: QdiscState): GonaError {
  return new GonaError("FOREIGN_STATE", `NIC ${nic} has a root qdisc that is not GONA's and would be lost`, {
    found: `${formatTcHandle(handle)} ${describeQdisc(qdisc)}`,
    hint: `tc qdisc delete dev ${nic} root`,
  });
}

/** A class below the root class with its leaf; only what differs from `before`, in place, so no packet is lost. */
async function setClass(
  nic: string,
  classid: TcHandle,
  shape: HtbShape,
  before: HtbShape | undefined,
  batch: OpBatch,
): Promise<void> {
  const htb = toHtbClass(shape);
  if (before === undefined || !equal(toHtbClass(before), htb)) {
    batch.push({ op: "classReplace", link: nic, parent: ROOT_CLASS, classid, htb });
  }
  await setLeaf(nic, classid, shape.leaf, before?.leaf, batch);
}

async function setLeaf(
  link: string,
  classid: TcHandle,
  leaf: Leaf,
  before: Leaf | undefined,
  batch: OpBatch,
): Promise<void> {
  if (before?.kind === leaf.kind && before.limit === leaf.limit) return;
  const { mtu } = await batch.presentLink(link);
  const qdisc = toLeafQdisc(leaf, mtu);
  batch.push({ op: "qdiscReplace", link, parent: classid, handle: leafHandle(classid), qdisc });
}

const equal = (a: HtbClass, b: HtbClass | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);
