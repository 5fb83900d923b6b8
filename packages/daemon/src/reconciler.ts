import { StepError } from "@gona/dataplane";
import { KernelError } from "@gona/kernel";
import type { HostSpec, Nanoseconds, NicId, VifId } from "@gona/model";
import {
  type Desired,
  describeStep,
  desiredState,
  type HubState,
  type Inventory,
  movingVifs,
  type PreviousDesired,
  plan,
  type Step,
  type VfOffer,
  vifNames,
} from "@gona/planner";
import { Backoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { EventLog } from "./event-log.ts";
import type { Failover } from "./failover.ts";
import type { Hub } from "./hub.ts";
import type { LacpMonitor } from "./lacp/lacp-monitor.ts";
import type { LinkTable } from "./link-table.ts";
import type { Logger } from "./logger.ts";
import { MovingBook } from "./moving-book.ts";
import type { NamespaceMonitor } from "./namespace-monitor.ts";
import type { NicMonitor } from "./nic-monitor.ts";
import type { OffloadOffers } from "./offload-offers.ts";
import { codeOf, type Failure, messageOf, type Standing } from "./standing.ts";
import { type StepOwners, stepOwners } from "./step-owners.ts";
import type { Target } from "./target.ts";
import { type AskVfs, vfOffers } from "./vf-offers.ts";
import type { WorkQueue } from "./work-queue.ts";

/** Each costs a full read; where more are refused, the fault is not theirs. */
const MOST_REFUSED = 8;

export interface ReconcilerOptions {
  readonly hub: Hub;
  readonly links: LinkTable;
  readonly namespaces: Pick<NamespaceMonitor, "names">;
  readonly nics: NicMonitor;
  /** Inventory.timerLateness. */
  readonly timerLateness?: Nanoseconds | undefined;
  /** Inventory.fqCodel. */
  readonly fqCodel?: boolean | undefined;
  readonly failover: Failover;
  readonly offload: OffloadOffers;
  /** What NICs say of their virtual functions; absent: none is asked. */
  readonly askVfs?: AskVfs | undefined;
  readonly lacp: Pick<LacpMonitor, "bundlingOf">;
  /** Inventory.tables. */
  readonly tables?: () => ReadonlyMap<VifId, Uint8Array>;
  /** Inventory.placements and absentNics. */
  readonly placesFor?: (spec: HostSpec) => Pick<Inventory, "placements" | "absentNics">;
  /** Told after each try, in the queue. */
  readonly onTried?: () => void;
  /** Told when the hub is at the target. */
  readonly onArrived?: () => void;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly log: Logger;
}

/** A spec worked out against the hub as it is. */
export interface Prepared {
  readonly inventory: Inventory;
  readonly desired: Desired;
  readonly steps: readonly Step[];
}

/** Brings the hub to the target, again and again until it is there, and says how that stands. */
export class Reconciler implements Disposable {
  readonly #options: ReconcilerOptions;
  readonly #backoff = new Backoff();
  #retry: Disposable | undefined;
  #standing: Standing = { state: "starting", pending: [] };
  #target: Target | undefined;
  #previous: PreviousDesired | undefined;
  #stopped = false;
  readonly #moving: MovingBook;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    // In the queue: what has settled is to be put right by the very next reconciliation.
    this.#moving = new MovingBook(options.clock, () => void options.queue.runOnce("settle", () => this.#settle()));
  }

  get standing(): Standing {
    return this.#standing;
  }

  set state(state: Standing["state"]) {
    this.#standing = { ...this.#standing, state };
  }

  /** Undefined while no spec is known: then nothing is ever changed. */
  get target(): Target | undefined {
    return this.#target;
  }

  /** Sets a target that the hub is not at yet. */
  aim(target: Target): void {
    this.#target = target;
    this.#options.nics.track(target.spec);
  }

  /** What the NICs of a spec say of the virtual functions that it wants. */
  vfsOf(spec: HostSpec): ReadonlyMap<NicId, VfOffer> {
    return vfOffers(spec, this.#options.askVfs, this.#options.links);
  }

  /** What a spec comes to now. Throws KernelError where the hub has to be read first. */
  prepare(spec: HostSpec): Prepared {
    const { hub, links, namespaces, nics, offload, lacp, timerLateness, fqCodel, tables } = this.#options;
    const observed = hub.current();
    const inventory: Inventory = {
      links: links.names,
      namespaces: namespaces.names,
      ...nics.gatesFor(spec),
      ...this.#options.placesFor?.(spec),
      nicsOffload: offload.nicsOf(spec),
      nicsVfs: this.vfsOf(spec),
      nicsBundling: lacp.bundlingOf(spec),
      ...(tables === undefined ? {} : { tables: tables() }),
      moving: this.#moving.now,
      ...(timerLateness === undefined ? {} : { timerLateness }),
      ...(fqCodel && { fqCodel }),
    };
    const desired = desiredState({ spec, inventory, observed, previous: this.#previous });
    const steps = plan(observed, desired.hub);
    const more = movingVifs(steps);
    if (more.size === 0) return { inventory, desired, steps };
    const withMore = { ...inventory, moving: this.#moving.with(more) };
    const moved = desiredState({ spec, inventory: withMore, observed, previous: { spec, inventory, desired } });
    return { inventory: withMore, desired: moved, steps: plan(observed, moved.hub) };
  }

  async #settle(): Promise<void> {
    this.#moving.settle();
    await this.run("guests' NICs changed a moment ago");
  }

  /** What should stand by the target as things are; `otherwise` where there is no target. */
  stateToRestore(otherwise: HubState): HubState {
    return this.#target === undefined ? otherwise : this.prepare(this.#target.spec).desired.hub;
  }

  /** The hub is at the target, by the preparation given. */
  arrived(target: Target, { inventory, desired }: Prepared): void {
    this.#target = target;
    this.#previous = { spec: target.spec, inventory, desired };
    this.#moving.begin(inventory.moving ?? this.#moving.now);
    const { applyFailure } = this.#standing;
    this.#standing = { state: "converged", pending: desired.pending, applyFailure };
    this.#backoff.reset();
    this.#retry?.[Symbol.dispose]();
    this.#options.onArrived?.();
  }

  /** Must run in the queue. Returns the steps it took; undefined when it failed and is to be tried again. */
  async run(reason: string): Promise<readonly Step[] | undefined> {
    const target = this.#target;
    if (target === undefined || this.#stopped) return [];
    try {
      const steps = await this.#converge(target);
      if (steps.length > 0) this.#options.log.debug({ reason, steps: steps.length }, "reconciled");
      return steps;
    } catch (error) {
      this.failed(error);
      return undefined;
    } finally {
      this.#options.onTried?.();
    }
  }

  /**
   * One guest that the kernel refuses must not keep the others from what they are promised: its steps
   * are left out and the rest is carried out. Throws the first refusal in the end.
   */
  async #converge(target: Target): Promise<readonly Step[]> {
    const { hub, failover, offload, log } = this.#options;
    const refused = new Map<string, StepError>();
    for (;;) {
      const prepared = this.prepare(target.spec);
      const known = hub.lastKnown;
      let owners: StepOwners | undefined;
      // Worked out where something is refused alone: a thousand guests that lose a NIC wait for their steps.
      const ownersOf: StepOwners = (step) => {
        owners ??= stepOwners(prepared.desired.hub, known);
        return owners(step);
      };
      const steps =
        refused.size === 0
          ? prepared.steps
          : prepared.steps.filter((step) => !ownersOf(step).some((owner) => refused.has(owner)));
      if (steps.length > 0) this.state = "converging";
      if (log.isLevelEnabled("trace")) {
        const names = vifNames(prepared.desired.hub, hub.lastKnown);
        log.trace({ steps: steps.map((step) => describeStep(step, names)) }, "reconciling");
      }
      try {
        await failover.execute(steps);
      } catch (error) {
        if (offload.refused(error, target.spec)) continue;
        const owner = error instanceof StepError ? refusedOwner(error, ownersOf(error.step)) : undefined;
        if (!(error instanceof StepError) || owner === undefined || refused.size === MOST_REFUSED) throw error;
        refused.set(owner, error);
        continue;
      }
      const [first] = refused.values();
      if (first !== undefined) {
        this.#standing = { ...this.#standing, pending: prepared.desired.pending };
        throw first;
      }
      this.arrived(target, prepared);
      return steps;
    }
  }

  /** As soon as the queue comes to it; several requests at once are one. */
  soon(reason: string): void {
    if (this.#stopped) return;
    void this.#options.queue.runOnce("reconcile", async () => void (await this.run(reason)));
  }

  /** The hub is not at the target: try again after a pause. */
  failed(error: unknown): void {
    const { clock, events, log, hub } = this.#options;
    const failure = this.#failure(error);
    const known = this.#standing.reconcileFailure?.message === failure.message;
    const retryInMs = this.#backoff.next();
    hub.doubt();
    this.#standing = { ...this.#standing, state: "retrying", reconcileFailure: failure };
    if (!known) events.record({ kind: "reconcile-failed", message: failure.message, cause: failure.code });
    log.error({ err: error, retryInMs }, "the kernel is not as the spec asks for; trying again");
    this.#retry?.[Symbol.dispose]();
    if (!this.#stopped) this.#retry = clock.after(retryInMs, () => this.soon("retry"));
  }

  /** Shows in the status how the last apply ended. */
  noteApply(error?: unknown): void {
    this.#standing = { ...this.#standing, applyFailure: error === undefined ? undefined : this.#failure(error) };
  }

  #failure(error: unknown): Failure {
    return { code: codeOf(error), message: messageOf(error), atMs: this.#options.clock.nowMs() };
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#moving[Symbol.dispose]();
    this.#retry?.[Symbol.dispose]();
  }
}

/** Where nobody answers in a domain, all that is to be done there waits; else what the narrowest owner wants. */
function refusedOwner({ cause }: StepError, owners: readonly string[]): string | undefined {
  const isDown = cause instanceof KernelError && cause.errno === "EHOSTDOWN";
  const domain = isDown ? owners.find((owner) => owner.startsWith("domain ")) : undefined;
  return domain ?? owners.at(-1);
}
