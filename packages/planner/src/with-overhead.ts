import type { Bytes } from "@gona/model";
import type { HtbShape, QueueTree } from "./hub-state.ts";

/** A class whose frames cost `overhead` bytes beyond their L2 bytes. HTB counts it once a GSO packet: so these are cut. */
export const classWithOverhead = <T extends HtbShape>(shape: T, overhead: Bytes | undefined): T =>
  !overhead ? shape : { ...shape, overhead, leaf: { ...shape.leaf, kind: "segmenter" } };

/** A tree of such classes. */
export const withOverhead = (tree: QueueTree, overhead: Bytes): QueueTree =>
  overhead === 0 ? tree : { ...tree, overhead, host: classWithOverhead(tree.host, overhead) };
