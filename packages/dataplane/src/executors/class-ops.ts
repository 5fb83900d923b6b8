import { type HtbClass, type Qdisc, type TcHandle, tcHandle } from "@gona/kernel";
import { equalData, type HtbShape, type Leaf } from "@gona/planner";
import { leafHandle, toHtbClass } from "../htb.ts";
import { innerPlace, toInnerQdisc, toLeafQdisc } from "../leaf.ts";
import type { OpBatch } from "../op-batch.ts";

/** Where a class stands. */
export interface ClassPlace {
  readonly link: string;
  readonly parent: TcHandle;
  readonly classid: TcHandle;
}

/** A class with its leaf; only what differs from `before`, in place, so no packet is lost. */
export async function setClass(
  place: ClassPlace,
  shape: HtbShape,
  before: HtbShape | undefined,
  batch: OpBatch,
): Promise<void> {
  replaceClass(place, toHtbClass(shape), before && toHtbClass(before), batch);
  await setLeaf(place, shape.leaf, before?.leaf, batch);
}

export function replaceClass(place: ClassPlace, htb: HtbClass, before: HtbClass | undefined, batch: OpBatch): void {
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(htb)) return;
  batch.push({ op: "classReplace", ...place, htb });
}

/** In place; what waits is lost only where fq_codel comes or goes. */
export async function setLeaf(
  { link, classid }: Pick<ClassPlace, "link" | "classid">,
  leaf: Leaf,
  before: Leaf | undefined,
  batch: OpBatch,
): Promise<void> {
  if (before !== undefined && equalData(before, leaf)) return;
  if (before?.kind !== leaf.kind || before.limit !== leaf.limit) {
    const qdisc = toLeafQdisc(leaf, await batch.segmentMtu(link));
    batch.push({ op: "qdiscReplace", link, parent: classid, handle: leafHandle(classid), qdisc });
  }
  setInner({ link, classid }, leaf, before, batch);
}

function setInner(
  { link, classid }: Pick<ClassPlace, "link" | "classid">,
  leaf: Leaf,
  before: Leaf | undefined,
  batch: OpBatch,
): void {
  const parent = innerPlace(classid);
  // The kernel chooses the handle: all of ours are those of leaves.
  const put = (qdisc: Qdisc) => batch.push({ op: "qdiscReplace", link, parent, handle: NO_HANDLE, qdisc });
  const plain: Leaf = { kind: leaf.kind, limit: leaf.limit };
  // Whatever a leaf that is not known holds: an fq_codel there could not be told its number of flows.
  const isForeign = before === undefined && batch.qdisc(link, parent) !== undefined;
  if (isForeign || (before?.codel !== undefined && leaf.codel === undefined)) put(toInnerQdisc(plain, true));
  if (leaf.codel !== undefined) put(toInnerQdisc(leaf, before?.codel === undefined));
}

const NO_HANDLE = tcHandle(0, 0);
