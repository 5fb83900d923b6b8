import { describeQdisc, formatTcHandle, type QdiscState, TC_ROOT, type TcHandle } from "@gona/kernel";
import { GonaError } from "@gona/model";
import type { HtbShape } from "@gona/planner";
import {
  HOST_CLASS,
  HTB_HANDLE,
  HTB_QDISC,
  leafHandle,
  ROOT_CLASS,
  sliceClass,
  toHtbClass,
  toLeafQdisc,
  toRootClass,
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
  async set({ value: slice, before }, batch) {
    if (slice.leaf === null) throw new GonaError("BUG", "slices with parts have no executor yet");
    const { leaf } = slice;
    const old =
      before === undefined || before.stale || before.leaf === null ? undefined : { ...before, leaf: before.leaf };
    await setClass(slice.link, sliceClass(slice.vifSlot), { ...slice, leaf }, old, batch);
  },

  /** The leaf goes with its class. */
  async clear({ before: { link, vifSlot } }, batch) {
    if ((await batch.link(link)) === undefined) return;
    batch.push({ op: "classDelete", link, classid: sliceClass(vifSlot) });
  },
};

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

/**
 * A class below the root class with its leaf; only what differs from `before`, in place, so no
 * packet is lost but by a leaf that becomes one of another kind.
 */
async function setClass(
  nic: string,
  classid: TcHandle,
  shape: HtbShape,
  before: HtbShape | undefined,
  batch: OpBatch,
): Promise<void> {
  const htb = toHtbClass(shape);
  if (before === undefined || JSON.stringify(toHtbClass(before)) !== JSON.stringify(htb)) {
    batch.push({ op: "classReplace", link: nic, parent: ROOT_CLASS, classid, htb });
  }
  if (before?.leaf.kind === shape.leaf.kind && before.leaf.limit === shape.leaf.limit) return;
  const { mtu } = await batch.presentLink(nic);
  const qdisc = toLeafQdisc(shape.leaf, mtu);
  batch.push({ op: "qdiscReplace", link: nic, parent: classid, handle: leafHandle(classid), qdisc });
}
