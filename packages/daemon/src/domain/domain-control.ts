import type { DomainExecResult, DomainView } from "@gona/api";
import type { DomainId, DomainSpec, NicId, NicSpec } from "@gona/model";
import type { DomainPhase } from "@gona/planner";
import type { ReadyDomain } from "./ready-domain.ts";

/** How one domain stands, for people and programs. */
export interface DomainStanding {
  readonly spec: DomainSpec;
  readonly phase: DomainPhase;
  /** That it holds. */
  readonly nics: readonly NicId[];
  readonly restarts: number;
  readonly pid: number | undefined;
  readonly spare: DomainView["spare"];
  /** When the phase began, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Why it was lost or restarted last. */
  readonly cause: string | undefined;
}

/** What the controller asks of the supervisor of driver domains; DomainSupervisor, or a test's. */
export interface DomainControl {
  /** Domains that NICs can stand in now. A new map with each change. */
  readonly ready: ReadonlyMap<DomainId, ReadyDomain>;
  /** Every domain that is wanted or still there, by name. */
  readonly standing: ReadonlyMap<DomainId, DomainStanding>;
  /**
   * The domains that are to be there. One that is not listed any more is ended: list it until its NICs have been moved
   * out. Before the first call nothing is ended that an earlier daemon left.
   */
  want(domains: readonly DomainSpec[]): void;
  /** The NICs that a domain is to hold, by name or by driver: all of them, each time. Unknown domain: nothing. */
  hold(domain: DomainId, nics: readonly NicSpec[]): void;
  /** As DomainSupervisor.restart. */
  restart(name: string): Promise<DomainStanding>;
  /** As DomainSupervisor.exec. */
  exec(name: string, script: string): Promise<DomainExecResult>;
  /** Ends all, and settles when they are gone. */
  stopAll(): Promise<void>;
  /** Calls back when `ready` or `standing` is another. */
  onChange(listener: () => void): Disposable;
}
