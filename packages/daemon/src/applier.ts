import type { ApplyResult } from "@gona/api";
import { GonaError, SpecReader } from "@gona/model";
import { plan } from "@gona/planner";
import { runTransaction } from "./apply-transaction.ts";
import type { Clock } from "./clock.ts";
import type { NicPlacer } from "./domain/nic-placer.ts";
import type { EventLog } from "./event-log.ts";
import type { Failover } from "./failover.ts";
import type { MemoryGiver } from "./give-back-memory.ts";
import type { Hub } from "./hub.ts";
import type { NicMonitor } from "./nic-monitor.ts";
import type { OffloadOffers } from "./offload-offers.ts";
import { pendingView } from "./pending-view.ts";
import type { Reconciler } from "./reconciler.ts";
import { draftOf, EMPTY_SPEC, readSpec, requireGood, type SpecText, sha256 } from "./spec-intake.ts";
import { codeOf, messageOf } from "./standing.ts";
import type { Store } from "./store.ts";
import { type Target, targetOf } from "./target.ts";
import type { WorkQueue } from "./work-queue.ts";

export interface ApplierOptions {
  readonly reconciler: Reconciler;
  readonly hub: Hub;
  readonly failover: Failover;
  readonly nics: NicMonitor;
  readonly queue: WorkQueue;
  readonly store: Store;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly memory: MemoryGiver;
  readonly offload: OffloadOffers;
  /** Absent: NICs are in the hub alone. */
  readonly placer?: Pick<NicPlacer, "agentsBack"> | undefined;
}

/** Takes new specs: one at a time, each a transaction. */
export class Applier {
  readonly #options: ApplierOptions;
  /** Most new specs differ from the one before in a guest or two. */
  readonly #reader = new SpecReader();
  #applying = false;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /**
   * Converges to a spec or puts everything back. Throws SpecErrors, SPEC_TOO_LARGE,
   * APPLY_IN_PROGRESS, STORAGE, APPLY_ROLLED_BACK, ROLLBACK_FAILED.
   */
  async apply(text: SpecText): Promise<ApplyResult> {
    if (this.#applying) {
      throw new GonaError("APPLY_IN_PROGRESS", "another apply is under way", { hint: "try again when it has ended" });
    }
    this.#applying = true;
    try {
      return await this.#options.queue.run(async () => {
        await this.#options.placer?.agentsBack();
        return this.#applyNow(text);
      });
    } finally {
      this.#applying = false;
      this.#options.memory.soon();
    }
  }

  /** Applies the text of an earlier revision as a new one. Throws NOT_FOUND, and what apply throws. */
  async rollback(revision: number): Promise<ApplyResult> {
    const stored = this.#options.store.find(revision);
    if (stored === undefined) throw new GonaError("NOT_FOUND", `there is no revision ${revision}`);
    return this.apply({ text: stored.text, file: `<revision ${revision}>` });
  }

  /** Removes everything of GONA's from the kernel, as a revision without NICs and guests. */
  async teardown(): Promise<ApplyResult> {
    const result = await this.apply({ text: EMPTY_SPEC, file: "<teardown>" });
    this.#options.events.record({ kind: "torn-down", message: "everything of GONA's was removed from the kernel" });
    return result;
  }

  async #applyNow(text: SpecText): Promise<ApplyResult> {
    const { reconciler, clock } = this.#options;
    const startMs = clock.monotonicMs();
    const { target } = reconciler;
    try {
      return target?.sha256 === sha256(text.text)
        ? await this.#applyAgain(target, startMs)
        : await this.#applyNew(text, startMs);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  async #applyNew(text: SpecText, startMs: number): Promise<ApplyResult> {
    const { reconciler, hub, failover, nics, store, clock, events } = this.#options;
    const spec = requireGood(
      readSpec(text, {
        parse: (...given) => this.#reader.parse(...given),
        previous: reconciler.target?.spec,
        vfsOf: (wanted) => reconciler.vfsOf(wanted),
      }),
    );
    const readAtMs = clock.monotonicMs();
    nics.track(spec);
    const prepared = reconciler.prepare(spec);
    const { steps, desired } = prepared;
    const decidedAtMs = clock.monotonicMs();
    const before = hub.lastKnown;
    const draft = draftOf(text, spec, clock.nowMs());
    const planBack = () => {
      nics.track(reconciler.target?.spec);
      return plan(hub.current(), reconciler.stateToRestore(before));
    };
    const transaction = { hub, failover, store, draft, clock, steps, planBack };
    const done = await runTransaction(transaction).catch((error: unknown) => {
      const back = error instanceof GonaError && error.code === "APPLY_ROLLED_BACK";
      if (back && this.#options.offload.refused(error.cause, spec)) return undefined;
      throw error;
    });
    // Everything is as it was: once more, with that NIC's limits in software.
    if (done === undefined) return this.#applyNew(text, startMs);
    const { revision, executeMs } = done;
    reconciler.arrived(targetOf(revision, draft.sha256, spec), prepared);
    reconciler.noteApply();
    const endMs = clock.monotonicMs();
    const durationMs = endMs - startMs;
    const timing = {
      readMs: readAtMs - startMs,
      decideMs: decidedAtMs - readAtMs,
      executeMs,
      storeMs: endMs - decidedAtMs - executeMs,
    };
    const message = `revision ${revision} applied: ${steps.length} steps in ${durationMs.toFixed(1)} ms`;
    events.record({ kind: "applied", revision, message });
    // A link that came or went while the steps ran is not in them.
    reconciler.soon("applied");
    return { revision, changed: true, steps: steps.length, durationMs, timing, pending: pendingView(desired.pending) };
  }

  /** The text of the present revision: nothing new; what is not in place yet is tried at once. */
  async #applyAgain({ revision }: Target, startMs: number): Promise<ApplyResult> {
    const { reconciler, clock } = this.#options;
    const steps = reconciler.standing.state === "converged" ? [] : await reconciler.run("apply");
    const { reconcileFailure, pending } = reconciler.standing;
    if (steps === undefined) {
      throw new GonaError(reconcileFailure?.code ?? "BUG", reconcileFailure?.message ?? "not converged");
    }
    const durationMs = clock.monotonicMs() - startMs;
    return { revision, changed: false, steps: steps.length, durationMs, pending: pendingView(pending) };
  }

  #failed(error: unknown): void {
    const { reconciler, nics, events } = this.#options;
    const code = codeOf(error);
    const kind = code === "APPLY_ROLLED_BACK" ? "rolled-back" : "apply-failed";
    events.record({ kind, message: messageOf(error), cause: code });
    nics.track(reconciler.target?.spec);
    // Bad input is the caller's alone.
    if (!(error instanceof GonaError) || error.class.fault !== "input") reconciler.noteApply(error);
    if (code === "ROLLBACK_FAILED") reconciler.failed(error);
    // What changed while the steps ran and were taken back is not in the state that was restored.
    else if (code === "APPLY_ROLLED_BACK") reconciler.soon("rollback");
  }
}
