import { describeQdisc, formatTcHandle, type QdiscState, TC_ROOT } from "@gona/kernel";
import { GonaError } from "@gona/model";
import { HOST_CLASS, HTB_HANDLE, HTB_QDISC, ROOT_CLASS, toRootClass } from "../htb.ts";
import type { OpBatch } from "../op-batch.ts";
import { TIMED_HANDLE, TIMED_QDISC } from "../timed-queue.ts";
import { replaceClass, setClass } from "./class-ops.ts";
import type { Executor } from "./executors.ts";

export const treeExecutor: Executor<"trees"> = {
  async set({ key: link, value: queue, before: old }, batch) {
    if (queue.timed) {
      takeRoot(link, batch);
      batch.push({ op: "qdiscReplace", link, parent: TC_ROOT, handle: TIMED_HANDLE, qdisc: TIMED_QDISC });
      return;
    }
    const before = old?.timed || old?.stale || old?.offload !== queue.offload ? undefined : old;
    if (before === undefined) replaceRoot(link, queue.offload, batch);
    const place = { link, parent: HTB_HANDLE, classid: ROOT_CLASS };
    replaceClass(place, toRootClass(queue), before && toRootClass(before), batch);
    await setClass({ link, parent: ROOT_CLASS, classid: HOST_CLASS }, queue.host, before?.host, batch);
  },

  async clear({ key: link, before }, batch) {
    if ((await batch.link(link)) === undefined) return;
    batch.push({ op: "qdiscDelete", link, parent: TC_ROOT, handle: before.timed ? TIMED_HANDLE : HTB_HANDLE });
  },
};

/** What stands there is replaced, with all its classes. Throws FOREIGN_STATE where someone else's would be lost. */
function takeRoot(link: string, batch: OpBatch): void {
  const root = batch.qdisc(link, TC_ROOT);
  if (root === undefined || root.handle === 0) return;
  if (!isTimed(root) && (root.handle !== HTB_HANDLE || root.qdisc.kind !== "htb")) throw foreignRoot(link, root);
  if (!isTimed(root)) batch.remade.add(link);
}

const isTimed = ({ handle, qdisc }: QdiscState): boolean => handle === TIMED_HANDLE && qdisc.kind === "fq";

/** Makes our HTB the root. Throws FOREIGN_STATE where someone else's would be lost. */
function replaceRoot(link: string, offload: true | undefined, batch: OpBatch): void {
  const root = batch.qdisc(link, TC_ROOT);
  // Handle 0 is what the kernel itself puts there (noqueue, mq, pfifo_fast, fq_codel, fq).
  if (root !== undefined && root.handle !== 0 && !isTimed(root)) {
    if (root.handle !== HTB_HANDLE || root.qdisc.kind !== "htb") throw foreignRoot(link, root);
    // HTB has no change operation: as it is, or anew.
    if (root.qdisc.defaultMinor === HTB_QDISC.defaultMinor && root.qdisc.offload === offload) return;
    batch.remade.add(link);
    batch.push({ op: "qdiscDelete", link, parent: TC_ROOT, handle: HTB_HANDLE });
  }
  batch.push({
    op: "qdiscReplace",
    link,
    parent: TC_ROOT,
    handle: HTB_HANDLE,
    qdisc: { ...HTB_QDISC, ...(offload && { offload }) },
  });
}

function foreignRoot(link: string, { handle, qdisc }: QdiscState): GonaError {
  return new GonaError("FOREIGN_STATE", `${link} has a root qdisc that is not GONA's and would be lost`, {
    found: `${formatTcHandle(handle)} ${describeQdisc(qdisc)}`,
    hint: `tc qdisc delete dev ${link} root`,
  });
}
