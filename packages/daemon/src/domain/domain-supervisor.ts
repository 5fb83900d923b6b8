import type { DomainExecResult, HostEventKind } from "@gona/api";
import { type DomainId, type DomainSpec, GonaError, type NicSpec } from "@gona/model";
import type { Clock } from "../clock.ts";
import type { EventLog } from "../event-log.ts";
import type { Logger } from "../logger.ts";
import type { Backends } from "./domain-backend.ts";
import type { DomainControl, DomainStanding } from "./domain-control.ts";
import type { DomainFiles } from "./domain-files.ts";
import type { ReadyDomain } from "./ready-domain.ts";
import { type BuiltDomain, SupervisedDomain } from "./supervised-domain.ts";

export interface DomainSupervisorOptions {
  readonly backends: Backends;
  readonly files: Pick<DomainFiles, "noted" | "read">;
  readonly clock: Clock;
  readonly events: Pick<EventLog, "record">;
  readonly log: Logger;
}

/** Starts, adopts, watches and ends the driver domains of a hub. docs/ARCHITECTURE.md, "Driver domains". */
export class DomainSupervisor implements DomainControl, AsyncDisposable {
  readonly #options: DomainSupervisorOptions;
  readonly #domains = new Map<DomainId, SupervisedDomain>();
  readonly #listeners = new Set<() => void>();
  #isEnding = false;
  #ready: ReadonlyMap<DomainId, ReadyDomain> = new Map();
  #standing: ReadonlyMap<DomainId, DomainStanding> = new Map();

  constructor(options: DomainSupervisorOptions) {
    this.#options = options;
  }

  get ready(): ReadonlyMap<DomainId, ReadyDomain> {
    return this.#ready;
  }

  get standing(): ReadonlyMap<DomainId, DomainStanding> {
    return this.#standing;
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Takes over what an earlier daemon left at work, whether the spec still wants it or not. */
  async start(): Promise<void> {
    const { files, log } = this.#options;
    const found = files.noted().flatMap((name) => files.read(name)?.spec ?? []);
    for (const spec of found) if (isBuilt(spec)) this.#open(spec);
    const adopting = [...this.#domains.values()].map((domain) =>
      domain
        .adopt()
        .catch((err: unknown) =>
          log.warn({ err, domain: domain.name }, "what an earlier daemon left cannot be taken over"),
        ),
    );
    await Promise.all(adopting);
  }

  want(domains: readonly DomainSpec[]): void {
    if (this.#isEnding) return;
    const wanted = new Map(domains.filter(isBuilt).map((spec) => [spec.name, spec]));
    for (const domain of this.#domains.values()) if (!wanted.has(domain.name)) domain.unwant();
    for (const spec of wanted.values()) (this.#domains.get(spec.name) ?? this.#open(spec)).want(spec);
  }

  hold(domain: DomainId, nics: readonly NicSpec[]): void {
    this.#domains.get(domain)?.hold(nics);
  }

  /**
   * Restarts a domain on the operator's word, which clears a failure; settles when it is up again. Throws NOT_FOUND,
   * USAGE for the hub, DOMAIN_FAILED when the start came to nothing (it is tried again).
   */
  async restart(name: string): Promise<DomainStanding> {
    if (name === "host") {
      const hint = "the data path goes on while the daemon itself is restarted";
      throw new GonaError("USAGE", "the domain host is the hub itself and cannot be restarted", { hint });
    }
    const domain = this.#find(name);
    await domain.restart();
    return domain.standing();
  }

  /** Runs a shell script in a virtual machine. Throws NOT_FOUND, USAGE where it is none, DOMAIN_FAILED. */
  async exec(name: string, script: string): Promise<DomainExecResult> {
    if (name === "host") throw new GonaError("USAGE", "the domain host is the hub itself: run the command there");
    return this.#find(name).exec(script);
  }

  /** Ends all for good, and settles when they are gone. */
  async stopAll(): Promise<void> {
    this.want([]);
    this.#isEnding = true;
    await Promise.all(Array.from(this.#domains.values(), (domain) => domain.stopped()));
  }

  /** Lets go of all: they go on without a daemon. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    await Promise.all(Array.from(this.#domains.values(), (domain) => domain[Symbol.asyncDispose]()));
  }

  #find(name: string): SupervisedDomain {
    const domain = this.#domains.get(name as DomainId);
    if (domain !== undefined) return domain;
    const allowed = [...this.#domains.keys()].join(", ");
    throw new GonaError("NOT_FOUND", "no such driver domain", { found: name, ...(allowed !== "" && { allowed }) });
  }

  #open(spec: BuiltDomain): SupervisedDomain {
    const { backends, clock, events, log } = this.#options;
    const domain = new SupervisedDomain({
      spec,
      backends,
      clock,
      log,
      record: (kind: HostEventKind, message, cause) =>
        void events.record({ kind, subject: spec.name, message, ...(cause !== undefined && { cause }) }),
      onChange: () => this.#changed(),
      onGone: () => {
        this.#domains.delete(spec.name);
        this.#changed();
      },
    });
    this.#domains.set(spec.name, domain);
    return domain;
  }

  #changed(): void {
    const domains = [...this.#domains];
    this.#standing = new Map(domains.map(([name, domain]) => [name, domain.standing()]));
    this.#ready = new Map(
      domains.flatMap(([name, domain]) => (domain.ready === undefined ? [] : [[name, domain.ready] as const])),
    );
    for (const listener of this.#listeners) listener();
  }
}

const isBuilt = (spec: DomainSpec): spec is BuiltDomain => spec.isolation === "netns" || spec.isolation === "vm";
