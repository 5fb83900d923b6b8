import type { DrainResult } from "@gona/api";
import { GonaError, type NicId } from "@gona/model";
import type { Clock } from "./clock.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Hub } from "./hub.ts";
import type { LacpMonitor } from "./lacp/lacp-monitor.ts";
import type { NicMonitor } from "./nic-monitor.ts";
import type { Reconciler } from "./reconciler.ts";
import type { Store } from "./store.ts";
import type { WorkQueue } from "./work-queue.ts";

/** Above the longest time that a full leaf takes to empty. */
const EMPTY_WITHIN_MS = 1000;
const LOOK_EVERY_MS = 5;

export interface DrainerOptions {
  readonly nics: NicMonitor;
  readonly lacp: Pick<LacpMonitor, "leave" | "release">;
  readonly reconciler: Reconciler;
  readonly queue: WorkQueue;
  readonly hub: Hub;
  readonly store: Pick<Store, "setDrained">;
  readonly dataPlane: Pick<DataPlane, "queuedBytes">;
  readonly clock: Clock;
}

/**
 * Takes a NIC out of use on the operator's word and gives it back. Vifs with another NIC leave it,
 * in both directions; one that has no other stays. The word outlives the daemon.
 */
export class Drainer {
  readonly #options: DrainerOptions;

  constructor(options: DrainerOptions) {
    this.#options = options;
  }

  /** Done when nothing of those who left waits in its queues any more. Throws NOT_FOUND, STORAGE. */
  async drain(nic: NicId): Promise<DrainResult> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    await this.#say(nic, true);
    const stayed = this.#stayed(nic);
    const waitingBytes = stayed.length > 0 ? 0 : await this.#emptied(nic);
    this.#options.lacp.leave(nic);
    return { nic, drained: true, stayed, waitingBytes, durationMs: clock.monotonicMs() - startMs };
  }

  /** Throws NOT_FOUND, STORAGE. */
  async undrain(nic: NicId): Promise<DrainResult> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    await this.#say(nic, false);
    return { nic, drained: false, stayed: [], waitingBytes: 0, durationMs: clock.monotonicMs() - startMs };
  }

  async #say(nic: NicId, drained: boolean): Promise<void> {
    const { nics, lacp, store, queue, reconciler } = this.#options;
    if (nics.standing(nic) === undefined) {
      const allowed = reconciler.target?.spec.nics.map(({ name }) => name).join(", ") || "none: no spec is applied";
      throw new GonaError("NOT_FOUND", `there is no NIC ${nic} in the spec`, { found: nic, allowed });
    }
    // Disk first: what cannot be remembered is not begun.
    store.setDrained(nic, drained);
    if (!drained) lacp.release(nic);
    nics.drain(nic, drained);
    await queue.run(() => reconciler.run(`NIC ${nic} is ${drained ? "drained" : "given back"}`));
  }

  /** Vifs whose flows still leave by the NIC, for they have no other. */
  #stayed(nic: NicId): string[] {
    return [...this.#options.hub.lastKnown.vifs].flatMap(([id, vif]) => {
      const number = vif.slices.findIndex((slice) => slice?.nic === nic);
      return number >= 0 && vif.buckets.includes(number) ? [id] : [];
    });
  }

  /** Bytes that still wait when the time is over. */
  async #emptied(nic: NicId): Promise<number> {
    const { clock, dataPlane } = this.#options;
    const endMs = clock.monotonicMs() + EMPTY_WITHIN_MS;
    for (;;) {
      const waiting = Number(dataPlane.queuedBytes(nic));
      if (waiting === 0 || clock.monotonicMs() >= endMs) return waiting;
      await new Promise<void>((resolve) => void clock.after(LOOK_EVERY_MS, resolve));
    }
  }
}
