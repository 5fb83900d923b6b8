import type { HostEventKind } from "@gona/api";
import type { Kernel, NamespaceSource, Taps } from "@gona/kernel";
import type { Nanoseconds } from "@gona/model";
import { describeStep, type NicPhase, type Step, vifNames } from "@gona/planner";
import { Announcer } from "./announcer.ts";
import { Applier } from "./applier.ts";
import { Backoff } from "./backoff.ts";
import { Balancer } from "./balance/balancer.ts";
import type { Clock } from "./clock.ts";
import type { DataPlane } from "./data-plane.ts";
import type { DomainControl } from "./domain/domain-control.ts";
import { NicPlacer, type NicPlacerOptions } from "./domain/nic-placer.ts";
import { Drainer } from "./drainer.ts";
import type { EventLog } from "./event-log.ts";
import { Failover } from "./failover.ts";
import { MemoryGiver } from "./give-back-memory.ts";
import { Hub } from "./hub.ts";
import type { FrameSource } from "./lacp/lacp-actor.ts";
import { LacpMonitor } from "./lacp/lacp-monitor.ts";
import { type CarrierSource, LinkMonitor } from "./link-monitor.ts";
import { LinkTable } from "./link-table.ts";
import type { Logger } from "./logger.ts";
import { NamespaceMonitor } from "./namespace-monitor.ts";
import { type NicChange, NicMonitor } from "./nic-monitor.ts";
import { OffloadOffers } from "./offload-offers.ts";
import { placedFrom } from "./placement-note.ts";
import type { PathAccess } from "./probe/nic-port.ts";
import { PathProber } from "./probe/path-prober.ts";
import { Reconciler } from "./reconciler.ts";
import { readSpec, requireGood, type SpecText } from "./spec-intake.ts";
import { codeOf, messageOf } from "./standing.ts";
import type { Store } from "./store.ts";
import { TapBackPressure } from "./tap-back-pressure.ts";
import { targetOf } from "./target.ts";
import type { AskVfs } from "./vf-offers.ts";
import { WorkQueue } from "./work-queue.ts";

export interface ControllerOptions {
  readonly kernel: Pick<Kernel, "link" | "links" | "watchLinks" | "classCounters">;
  readonly namespaces: NamespaceSource;
  readonly dataPlane: DataPlane;
  readonly store: Store;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly log: Logger;
  /** How late this machine's timers are, 95th percentile; absent: not measured. */
  readonly timerLateness?: Nanoseconds;
  /** The kernel has fq_codel. */
  readonly fqCodel?: boolean;
  /** Whether a link carries out HTB trees; absent: none does. */
  readonly offersOffload?: (link: string) => boolean;
  /** What a NIC says of its virtual functions; absent: none is asked. */
  readonly askVfs?: AskVfs;
  /** What LACP hears by; absent: every bundle counts as static. */
  readonly frames?: FrameSource;
  /** What the probe of paths needs; absent: none is probed. */
  readonly paths?: PathAccess;
  /** Absent: a NIC's loss is known by link events alone. */
  readonly carriers?: CarrierSource;
  /** Absent: there are no driver domains but the hub. */
  readonly domains?: DomainControl;
  /** How NICs come to domains; absent: they stay where they are. */
  readonly placing?: Pick<NicPlacerOptions, "syncKernels" | "hubNetns" | "hardwareOf" | "kernel">;
  /** Absent: taps get no back-pressure. */
  readonly taps?: Taps;
  /** What hands memory back to the kernel; giveBackMemory() unless given. */
  readonly giveBackMemory?: () => void;
}

/** The kernel is read in full this often, yet never so often that this and its garbage take more than 0.25 % of a core. */
const LOOK_EVERY_MS = 30_000;
const LOOK_SHARE = 400;
/** A look that took this long leaves enough garbage behind to be worth a collection of some 50 ms. */
const LARGE_LOOK_MS = 20;
/** Of a repair, in its event. */
const STEPS_TOLD = 3;

const KINDS = {
  up: "nic-up",
  suspect: "nic-suspect",
  down: "nic-down",
  returning: "nic-returning",
  draining: "nic-draining",
} as const satisfies Record<NicPhase, HostEventKind>;

/**
 * Keeps the hub at what the newest good revision asks for. All that changes the hub goes through
 * one queue; only a dead NIC's gate jumps it. docs/ARCHITECTURE.md, "Daemon", has the states.
 */
export class Controller implements AsyncDisposable {
  readonly #options: ControllerOptions;
  readonly #queue = new WorkQueue();
  readonly #announcer: Announcer;
  readonly #failover: Failover;
  readonly #links: LinkMonitor;
  readonly #namespaces: NamespaceMonitor;
  readonly #memory: MemoryGiver;
  readonly hub: Hub;
  readonly nics: NicMonitor;
  readonly reconciler: Reconciler;
  readonly applier: Applier;
  readonly drainer: Drainer;
  readonly taps: TapBackPressure;
  readonly balancer: Balancer;
  readonly paths: PathProber;
  readonly lacp: LacpMonitor;
  /** Absent: there are no driver domains. */
  readonly placer: NicPlacer | undefined;
  readonly #backoff = new Backoff();
  #initialRetry: Disposable | undefined;
  #nextLook: Disposable | undefined;
  /** How long the last periodic look took, with the collection that followed the one before. */
  #lookMs = 0;

  constructor(options: ControllerOptions) {
    const { kernel, clock, dataPlane, events, log } = options;
    const queue = this.#queue;
    const table = new LinkTable();
    this.#options = options;
    this.#announcer = new Announcer({
      clock,
      send: (nic, frame) => dataPlane.sendFrame(nic, frame),
      onError: ({ nic, mac }, err) => log.debug({ err, nic, mac }, "an announcement could not be sent"),
    });
    this.#memory = new MemoryGiver(clock, options.giveBackMemory);
    this.hub = new Hub(dataPlane);
    const hub = this.hub;
    this.lacp = new LacpMonitor({
      frames: options.frames,
      kernel,
      dataPlane,
      links: table,
      hub,
      nics: () => this.nics,
      store: options.store,
      clock,
      events,
      log,
      onChange: (reason) => this.reconciler.soon(reason),
    });
    const lacp = this.lacp;
    this.nics = new NicMonitor({
      clock,
      links: table,
      objection: (nic, spec) => lacp.objection(nic, spec),
      drained: options.store.drained(),
      wasInUse: (nic) => hub.lastKnown.nics.has(nic),
      onChange: (change) => void this.#nicChanged(change),
    });
    this.paths = new PathProber({
      access: options.paths,
      clock,
      links: table,
      hub,
      log,
      onVerdict: (nic, verdict, cause) => this.nics.probe(nic, verdict, cause),
      onStall: (nic, isStalled, cause) => this.nics.stall(nic, isStalled, cause),
    });
    const { paths } = this;
    this.#failover = new Failover({ hub, events, clock, announcer: this.#announcer });
    this.#namespaces = new NamespaceMonitor({
      clock,
      source: options.namespaces,
      onChange: () => this.reconciler.soon("network namespaces changed"),
    });
    const shared = { hub, nics: this.nics, failover: this.#failover, queue, clock, events, log };
    const { timerLateness, fqCodel } = options;
    const taps = new TapBackPressure({ taps: options.taps, links: table, hub, clock, events, log });
    this.taps = taps;
    const offload = new OffloadOffers({ offers: options.offersOffload, links: table, events });
    const balancer = new Balancer({
      hub,
      spec: () => this.reconciler.target?.spec,
      nics: this.nics,
      dataPlane,
      kernel,
      onTables: () => this.reconciler.soon("flows are balanced"),
      clock,
      events,
      log,
    });
    this.balancer = balancer;
    const { domains, placing } = options;
    this.placer =
      domains &&
      placing &&
      new NicPlacer({
        ...placing,
        domains,
        links: table,
        hub,
        clock,
        events,
        log,
        relist: () => this.#links.refresh(),
        onChange: (reason) => this.reconciler.soon(reason),
        onFailure: (error) => this.reconciler.failed(error),
      });
    const { placer } = this;
    const onArrived = (): void => {
      const spec = this.reconciler.target?.spec;
      for (const part of [this.placer, lacp, paths]) part?.track(spec);
      taps.soon();
      balancer.arrived();
    };
    this.reconciler = new Reconciler({
      ...shared,
      links: table,
      namespaces: this.#namespaces,
      timerLateness,
      fqCodel,
      offload,
      askVfs: options.askVfs,
      lacp,
      tables: () => balancer.tables,
      ...(placer && {
        placesFor: (spec) => placer.placesFor(spec),
        onTried: () => this.#placeNics(placer),
      }),
      onArrived,
    });
    const reconciler = this.reconciler;
    this.applier = new Applier({ ...shared, reconciler, offload, placer, store: options.store, memory: this.#memory });
    this.drainer = new Drainer({ ...shared, reconciler, lacp, store: options.store, dataPlane });
    this.#links = new LinkMonitor({
      ...shared,
      reconciler,
      taps,
      lacp,
      paths,
      kernel,
      table,
      carriers: options.carriers,
      isMoved: (name) => placer?.isMoving(name) === true,
    });
  }

  /**
   * Takes over what the kernel holds and converges to `initial`, or else to the last committed
   * revision, or else leaves all as it is. Throws SpecErrors or SPEC_TOO_LARGE for a bad `initial`,
   * before anything is touched, and KernelError when the kernel cannot be read.
   */
  async start(initial?: SpecText): Promise<void> {
    const { reconciler } = this;
    if (initial !== undefined) requireGood(readSpec(initial));
    this.placer?.start();
    this.#links.start();
    this.#namespaces.start();
    reconciler.state = "adopting";
    this.#reportFound();
    this.taps.adopt();
    this.#takeLastRevision();
    reconciler.state = reconciler.target === undefined ? "idle" : "converging";
    // A spec that differs is applied from what stands now: converging to the old one first would change twice.
    if (initial === undefined) await this.#queue.run(() => reconciler.run("start"));
    else await this.#applyInitial(initial);
    this.#memory.soon();
    this.#lookLater();
  }

  /** Moves all NICs to the hub that no domain of the spec has any more. */
  async giveBackNics(): Promise<void> {
    const { placer } = this;
    if (placer === undefined) return;
    await this.#queue.run(async () => {
      this.hub.current();
      placer.track(this.reconciler.target?.spec);
      await placer.place();
    });
  }

  /** Ends the work under way and leaves the data plane as it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of [
      this.#initialRetry,
      this.#nextLook,
      this.#links,
      this.#namespaces,
      this.reconciler,
      this.lacp,
      this.paths,
      this.nics,
      this.#announcer,
      this.#memory,
      this.taps,
      this.balancer,
      this.placer,
    ]) {
      part?.[Symbol.dispose]();
    }
    await this.#queue.idle();
  }

  /** After each try: what nothing stands on any more is moved to where it belongs. */
  #placeNics(placer: NicPlacer): void {
    if (placer.isDue) {
      void this.#queue.runOnce("place", async () => {
        if (await placer.place()) this.reconciler.soon("NICs were moved");
      });
    } else placer.settle();
  }

  async #nicChanged(change: NicChange): Promise<void> {
    const { nic, to, cause } = change;
    const message = `NIC ${nic} is ${to}`;
    // Not through the queue: an apply of a second may be under way.
    const shut = change.lost ? this.#failover.nicLost(change) : Promise.resolve();
    this.#options.events.record({ kind: KINDS[to], subject: nic, message, cause });
    try {
      await shut;
      this.reconciler.soon(message);
    } catch (error) {
      this.reconciler.failed(error);
    }
  }

  #reportFound(): void {
    const { vifs, nics } = this.hub.current();
    if (vifs.size + nics.size === 0) return;
    const message = `took over ${vifs.size} vifs and ${nics.size} NICs that an earlier daemon left in the kernel`;
    this.#options.events.record({ kind: "adopted", message });
  }

  #takeLastRevision(): void {
    const { store, events } = this.#options;
    const stored = store.current();
    for (const { revision } of store.unfinished()) {
      store.rollBack(revision, "the daemon died while it was applied");
      const then =
        stored === undefined
          ? "there is no good one to go back to: what it left stays until the next apply or teardown"
          : `going back to revision ${stored.revision}, the last good one`;
      events.record({
        kind: "rolled-back",
        revision,
        message: `a daemon died while it applied revision ${revision}; ${then}`,
      });
    }
    if (stored === undefined) return;
    try {
      const { spec } = readSpec(stored, { previous: placedFrom(stored.placement) });
      this.reconciler.aim(targetOf(stored.revision, stored.sha256, spec));
      // Before the first plan: partners have waited long enough, and without its agent nothing is done in a domain.
      for (const part of [this.lacp, this.placer]) part?.track(spec);
    } catch (error) {
      const message = `revision ${stored.revision} cannot be read; the kernel is left as it is: ${messageOf(error)}`;
      this.#options.events.record({ kind: "apply-failed", revision: stored.revision, message, cause: codeOf(error) });
      this.reconciler.noteApply(error);
    }
  }

  /** Tried again until it is in force or somebody applied another. */
  #initialFailed(initial: SpecText, error: unknown): void {
    const { clock, log } = this.#options;
    const retryInMs = this.#backoff.next();
    const revision = this.reconciler.target?.revision;
    log.error({ err: error, retryInMs }, "the spec given at the start was not applied; trying again");
    this.#initialRetry = clock.after(retryInMs, () => {
      if (this.reconciler.target?.revision === revision) void this.#applyInitial(initial);
    });
  }

  async #applyInitial(initial: SpecText): Promise<void> {
    try {
      await this.applier.apply(initial);
    } catch (error) {
      this.#initialFailed(initial, error);
    }
  }

  #lookLater(): void {
    const { clock } = this.#options;
    const pauseMs = Math.max(LOOK_EVERY_MS, this.#lookMs * LOOK_SHARE);
    this.#nextLook = clock.after(pauseMs, () => {
      void this.#queue.runOnce("look", () => this.#look()).finally(() => this.#lookLater());
    });
  }

  /** What differs now was changed by somebody else. */
  async #look(): Promise<void> {
    const startMs = this.#options.clock.monotonicMs();
    this.hub.doubt();
    this.#links.refresh();
    this.taps.look();
    const before = this.reconciler.standing.state;
    const steps = await this.reconciler.run("periodic look");
    this.#lookMs = this.#options.clock.monotonicMs() - startMs + this.#memory.tookMs;
    if (this.#lookMs >= LARGE_LOOK_MS) this.#memory.soon();
    if (before !== "converged" || steps === undefined || steps.length === 0) return;
    const message = `somebody changed GONA's state in the kernel; put right in ${steps.length} steps`;
    this.#options.events.record({ kind: "reconciled", message, cause: this.#inWords(steps) });
  }

  /** The first steps; the rest is mostly what follows from them. */
  #inWords(steps: readonly Step[]): string {
    const names = vifNames(this.hub.lastKnown);
    const words = steps.slice(0, STEPS_TOLD).map((step) => describeStep(step, names));
    return [...words, ...(steps.length > STEPS_TOLD ? [`and ${steps.length - STEPS_TOLD} more`] : [])].join("; ");
  }
}
