import type { Pending as PendingView } from "@gona/api";
import type { Pending } from "@gona/planner";

/** What waits for its link, as the wire has it. */
export const pendingView = (pending: readonly Pending[]): PendingView[] =>
  pending.map((part) => ({ kind: part.kind, name: part.kind === "nic" ? part.nic : part.vif, reason: part.reason }));
