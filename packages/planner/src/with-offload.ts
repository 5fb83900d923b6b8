import { type ClassShape, INNER_QUANTUM, type QueueTree, type SliceQueue } from "./hub-state.ts";

/** A class that the NIC carries out. */
const classWithOffload = <T extends ClassShape>(shape: T): T & { readonly offload: true } => ({
  ...shape,
  quantum: INNER_QUANTUM,
  priority: 0,
  offload: true,
});

/** A tree of such classes. */
export const treeWithOffload = (tree: QueueTree): QueueTree => ({
  ...tree,
  offload: true,
  host: classWithOffload(tree.host),
});

/** A slice in such a tree: the NIC has no late timers, so nothing is to be paced. */
export function sliceWithOffload(slice: SliceQueue): SliceQueue {
  const { pace: _none, ...rest } = classWithOffload(slice);
  return { ...rest, parts: slice.parts.map(classWithOffload) };
}
