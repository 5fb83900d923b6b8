import { GonaError } from "@gona/model";
import type { Step } from "@gona/planner";
import type { Clock } from "./clock.ts";
import type { Failover } from "./failover.ts";
import type { Hub } from "./hub.ts";
import { messageOf } from "./standing.ts";
import type { SpecDraft, Store } from "./store.ts";

export interface Transaction {
  readonly hub: Hub;
  readonly failover: Failover;
  readonly store: Store;
  readonly draft: SpecDraft;
  readonly clock: Clock;
  /** From the hub as it is. */
  readonly steps: readonly Step[];
  /** From the hub as it is by then (read anew) to what stood there before. */
  readonly planBack: () => readonly Step[];
}

export interface Committed {
  readonly revision: number;
  /** Of the whole transaction, the part that changed the kernel. */
  readonly executeMs: number;
}

/**
 * Carries out a spec's steps and commits its revision, or puts everything back. The revision is in
 * the store before the kernel is touched, so a full disk (STORAGE) changes nothing. Throws STORAGE, APPLY_ROLLED_BACK, ROLLBACK_FAILED.
 */
export async function runTransaction(transaction: Transaction): Promise<Committed> {
  const { failover, store, draft, steps, clock } = transaction;
  const revision = store.begin(draft);
  try {
    const startMs = clock.monotonicMs();
    await failover.execute(steps);
    const executeMs = clock.monotonicMs() - startMs;
    store.commit(revision);
    return { revision, executeMs };
  } catch (cause) {
    const words = messageOf(cause);
    await putBack(transaction, revision, words);
    recordRollBack(store, revision, words);
    throw new GonaError(
      "APPLY_ROLLED_BACK",
      `revision ${revision} was rolled back: ${words}`,
      { hint: "everything is as it was before; mend the cause and apply again" },
      { cause },
    );
  }
}

async function putBack({ hub, failover, store, planBack }: Transaction, revision: number, why: string): Promise<void> {
  try {
    hub.doubt();
    await failover.execute(planBack());
  } catch (second) {
    recordRollBack(store, revision, why);
    const words = messageOf(second);
    const whyBack = words === why ? ", for the same reason" : `: ${words}`;
    throw new GonaError(
      "ROLLBACK_FAILED",
      `revision ${revision} failed (${why}), and so did the way back${whyBack}`,
      { hint: "the daemon keeps trying to restore the last good revision; see `gona status`" },
      { cause: second },
    );
  }
}

/** A store that cannot say so leaves the revision `pending`; the next daemon marks it. */
function recordRollBack(store: Store, revision: number, words: string): void {
  try {
    store.rollBack(revision, words);
  } catch (error) {
    if (!(error instanceof GonaError)) throw error;
  }
}
