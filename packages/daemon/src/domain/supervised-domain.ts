import type { DomainExecResult, HostEventKind } from "@gona/api";
import { type DomainId, type DomainSpec, GonaError, type NicSpec } from "@gona/model";
import { type DomainEvent, type DomainState, domainTransition, initialDomainState, stormWords } from "@gona/planner";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { messageOf } from "../standing.ts";
import { WorkQueue } from "../work-queue.ts";
import type { Backends, DomainBackend } from "./domain-backend.ts";
import type { DomainStanding } from "./domain-control.ts";
import type { ReadyDomain } from "./ready-domain.ts";

/** A domain of an isolation that is built. */
export type BuiltDomain = DomainSpec & { readonly isolation: "netns" | "vm" };

export interface SupervisedDomainOptions {
  readonly spec: BuiltDomain;
  readonly backends: Backends;
  readonly clock: Clock;
  readonly log: Logger;
  readonly record: (kind: HostEventKind, message: string, cause?: string) => void;
  readonly onChange: () => void;
  /** Ended, and not wanted any more. */
  readonly onGone: () => void;
}

/** An end that failed is tried again. */
const STOP_AGAIN_MS = 2000;

/** One driver domain: the state machine says what is due, the backend does it, and everybody is told. */
export class SupervisedDomain implements AsyncDisposable {
  readonly name: DomainId;
  readonly #options: SupervisedDomainOptions;
  readonly #queue = new WorkQueue();
  #spec: BuiltDomain;
  #backend: DomainBackend;
  #nics: readonly NicSpec[] = [];
  #state: DomainState;
  #wasUp = false;
  #timer: Disposable | undefined;
  #disposed = false;
  /** Those who wait for the next start that ends, well or not. */
  #waiters: PromiseWithResolvers<void>[] = [];
  readonly #gone = Promise.withResolvers<void>();

  constructor(options: SupervisedDomainOptions) {
    this.#options = options;
    this.#spec = options.spec;
    this.name = options.spec.name;
    this.#state = initialDomainState(options.clock.monotonicMs());
    this.#backend = this.#openBackend();
  }

  get ready(): ReadyDomain | undefined {
    return this.#backend.ready;
  }

  standing(): DomainStanding {
    const { clock } = this.#options;
    const { phase, restarts, sinceMs, cause } = this.#state;
    const ageMs = clock.monotonicMs() - sinceMs;
    return {
      spec: this.#spec,
      phase,
      nics: this.#nics.map(({ name }) => name),
      restarts,
      pid: this.#backend.pid,
      spare: this.#backend.spare ?? null,
      sinceMs: clock.nowMs() - ageMs,
      cause: phase === "failed" ? `${stormWords(this.name)}; last: ${cause}` : cause,
    };
  }

  /** Takes over what an earlier daemon left at work. Must come before all else. */
  async adopt(): Promise<void> {
    if (await this.#queue.run(() => this.#backend.adopt())) {
      this.#options.record(
        "domain-up",
        `domain ${this.name} was found at work, pid ${this.#backend.pid}, and taken over`,
      );
      this.#wasUp = true;
      this.#take({ kind: "up" });
    }
  }

  want(spec: BuiltDomain): void {
    const before = this.#spec;
    this.#spec = spec;
    if (spec.isolation !== before.isolation) {
      // Another kind of domain under the same name: the old one goes first.
      this.#take({ kind: "unwant" });
      this.#take({ kind: "want" });
      return;
    }
    this.#take({ kind: "want" });
    if (this.#backend.respec?.(spec) === false) this.#take({ kind: "restart", cause: "its spec changed" });
  }

  unwant(): void {
    if (this.#state.phase === "absent" && this.#state.startAtMs === undefined) {
      // Left by an earlier daemon, and not at work: what is left of it goes.
      this.#take({ kind: "want" });
    }
    this.#take({ kind: "unwant" });
  }

  hold(nics: readonly NicSpec[]): void {
    this.#nics = nics;
    this.#backend.hold(nics);
  }

  /** Settles when it is up again. Throws DOMAIN_FAILED. */
  async restart(): Promise<void> {
    if (!["up", "failed", "starting", "restarting"].includes(this.#state.phase)) {
      throw new GonaError("DOMAIN_FAILED", `domain ${this.name} is ${this.#state.phase}`);
    }
    const waiter = Promise.withResolvers<void>();
    this.#waiters.push(waiter);
    this.#take({ kind: "restart", cause: "restarted by the operator" });
    await waiter.promise;
  }

  /** Throws DOMAIN_FAILED, and USAGE where it is a namespace. */
  async exec(script: string): Promise<DomainExecResult> {
    if (this.#backend.exec !== undefined) return this.#backend.exec(script);
    const hint = `\`ip netns exec ${this.ready?.netns ?? "NAMESPACE"} COMMAND\` runs a command there`;
    throw new GonaError("USAGE", `domain ${this.name} is no virtual machine but a network namespace`, { hint });
  }

  /** Settles when it is gone. */
  async stopped(): Promise<void> {
    await this.#gone.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#timer?.[Symbol.dispose]();
    this.#release(new GonaError("DOMAIN_FAILED", `domain ${this.name}: the daemon ends`));
    await this.#queue.idle();
    await this.#backend[Symbol.asyncDispose]();
  }

  #openBackend(): DomainBackend {
    const { backends, record, onChange } = this.#options;
    const isOwn = (): boolean => !this.#disposed && this.#backend === backend;
    const backend: DomainBackend = backends[this.#spec.isolation](this.#spec, {
      lost: (cause) => {
        if (isOwn()) this.#lost(cause);
      },
      changed: () => {
        if (isOwn()) onChange();
      },
      mended: (what) => record("domain-mended", `domain ${this.name}: ${what}`),
    });
    return backend;
  }

  #take(event: DomainEvent): void {
    if (this.#disposed) return;
    const before = this.#state;
    this.#state = domainTransition(before, event, this.#options.clock.monotonicMs());
    if (this.#state === before) return;
    this.#options.onChange();
    this.#follow(before);
  }

  /** Does what the state says is due. */
  #follow(before: DomainState): void {
    const { phase, startAtMs } = this.#state;
    if (phase === "stopping" && before.phase !== "stopping") void this.#queue.run(() => this.#stop());
    if (startAtMs === before.startAtMs && phase === before.phase) return;
    this.#timer?.[Symbol.dispose]();
    if (startAtMs === undefined) return;
    const waitMs = startAtMs - this.#options.clock.monotonicMs();
    const begin = (): void => void this.#queue.runOnce("start", () => this.#start());
    if (waitMs <= 0) begin();
    else this.#timer = this.#options.clock.after(waitMs, begin);
  }

  async #start(): Promise<void> {
    if (this.#disposed || this.#state.startAtMs === undefined) return;
    const { clock, record, log } = this.#options;
    const isRestart = this.#wasUp;
    const { cause } = this.#state;
    const fromMs = clock.monotonicMs();
    this.#take({ kind: "begin" });
    try {
      // Of a planned restart, the process that works.
      if (this.#backend.pid !== undefined) await this.#backend.kill();
      await this.#backend.start();
    } catch (error) {
      log.debug({ err: error, domain: this.name }, "a start of a driver domain failed");
      this.#release(error);
      this.#lost(messageOf(error));
      return;
    }
    const tookMs = Math.round(clock.monotonicMs() - fromMs);
    const what = `domain ${this.name} is up${isRestart ? " again" : ""} after ${tookMs} ms, pid ${this.#backend.pid}`;
    record(isRestart ? "domain-restarted" : "domain-up", what, isRestart ? cause : undefined);
    this.#wasUp = true;
    this.#take({ kind: "up" });
    this.#release();
  }

  async #stop(): Promise<void> {
    const { record, log, clock, onGone } = this.#options;
    if (this.#disposed) return;
    this.#release(new GonaError("DOMAIN_FAILED", `domain ${this.name} is stopped`));
    try {
      await this.#backend.stop();
    } catch (error) {
      log.warn({ err: error, domain: this.name, againInMs: STOP_AGAIN_MS }, "a driver domain cannot be ended");
      this.#timer = clock.after(STOP_AGAIN_MS, () => void this.#queue.run(() => this.#stop()));
      return;
    }
    await this.#backend[Symbol.asyncDispose]();
    record("domain-stopped", `domain ${this.name} was ended`);
    this.#wasUp = false;
    if (this.#state.wanted) {
      this.#backend = this.#openBackend();
      this.#backend.hold(this.#nics);
    }
    this.#take({ kind: "stopped" });
    if (this.#state.phase !== "absent") return;
    this.#gone.resolve();
    onGone();
  }

  #lost(cause: string): void {
    const { record } = this.#options;
    const wasUp = this.#state.phase === "up";
    this.#take({ kind: "lost", cause });
    if (this.#state.phase === "stopping" || this.#state.phase === "absent") return;
    if (wasUp) record("domain-lost", `domain ${this.name} lost what runs it`, cause);
    else record("domain-lost", `domain ${this.name} did not start`, cause);
    if (this.#state.phase === "failed")
      record("domain-failed", `domain ${this.name}: failed: ${stormWords(this.name)}`, cause);
  }

  #release(error?: unknown): void {
    for (const waiter of this.#waiters.splice(0)) {
      if (error === undefined) waiter.resolve();
      else waiter.reject(error);
    }
  }
}
