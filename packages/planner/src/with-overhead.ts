import type { Bytes } from "@gona/model";
import type { QueueTree } from "./hub-state.ts";

/** A tree whose frames cost `overhead` bytes beyond their L2 bytes. */
export const withOverhead = (tree: QueueTree, overhead: Bytes): QueueTree =>
  overhead === 0 ? tree : { ...tree, overhead, host: { ...tree.host, overhead } };
