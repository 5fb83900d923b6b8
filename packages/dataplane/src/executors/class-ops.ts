import type { HtbClass, TcHandle } from "@gona/kernel";
import type { HtbShape, Leaf } from "@gona/planner";
import { leafHandle, toHtbClass, toLeafQdisc } from "../htb.ts";
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

export async function setLeaf(
  { link, classid }: Pick<ClassPlace, "link" | "classid">,
  leaf: Leaf,
  before: Leaf | undefined,
  batch: OpBatch,
): Promise<void> {
  if (before?.kind === leaf.kind && before.limit === leaf.limit) return;
  const qdisc = toLeafQdisc(leaf, await batch.segmentMtu(link));
  batch.push({ op: "qdiscReplace", link, parent: classid, handle: leafHandle(classid), qdisc });
}
