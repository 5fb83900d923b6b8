import type { DomainExecResult, DomainView } from "@gona/api";
import type { DomainSpec, NicSpec } from "@gona/model";
import type { ReadyDomain } from "./ready-domain.ts";

/**
 * One driver domain of one kind of isolation: what the supervisor starts, watches and ends. It says what happened and
 * decides nothing; when and how often to start is the supervisor's. Calls do not overlap, but for `kill`.
 */
export interface DomainBackend extends AsyncDisposable {
  /** What NICs can use now; undefined: nothing. A new object with each change, which BackendEvents.changed tells. */
  readonly ready: ReadyDomain | undefined;
  /** Of the agent, or of QEMU; undefined while there is none. */
  readonly pid: number | undefined;
  /** Whether another machine stands by; undefined or absent where none is to. */
  readonly spare?: DomainView["spare"] | undefined;
  /**
   * Takes over what an earlier daemon left at work. False: nothing works there; what is left of it (a namespace, a dead
   * process's files) is kept where `start` can build on it, else removed.
   */
  adopt(): Promise<boolean>;
  /**
   * Starts it, or what is missing of it; settles when it works. Throws GonaError, whose message is shown as the cause;
   * no process is left behind then.
   */
  start(): Promise<void>;
  /** The NICs that it is to hold from now on (the NicPlacer says). A vm gives each a device and a trunk. */
  hold(nics: readonly NicSpec[]): void;
  /**
   * The spec of the next start. False: what works does not fit it and is to be restarted. Absent: a changed spec counts
   * from the next start on.
   */
  respec?(spec: DomainSpec): boolean;
  /** Runs a shell script in it. Throws DOMAIN_FAILED. Absent: nothing can be run there. */
  exec?(script: string): Promise<DomainExecResult>;
  /** Ends its process at once, hung or not, and leaves what outlives it; settles when the process is gone. No `lost` is told. */
  kill(): Promise<void>;
  /** Ends it and takes away all that it made: process, namespace, links, files. The NICs have been moved out before. */
  stop(): Promise<void>;
  /** Lets go: watches and connections end, what runs goes on for the next daemon to adopt. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a backend tells its supervisor. */
export interface BackendEvents {
  /**
   * What ran it is gone, for this reason ("killed by signal 9", "no answer for 750 ms", "exited with code 1: …"). Told
   * once for each start that succeeded, when the process is gone for good, a hung one killed by the backend itself.
   */
  lost(cause: string): void;
  /** `ready` or `pid` changed. */
  changed(): void;
  /** Something was put right without a restart, worth an event ("its name in /run/netns was bound again"). */
  mended(what: string): void;
}

/** How the backend of one isolation is made, for one domain. */
export type OpenBackend = (spec: DomainSpec, events: BackendEvents) => DomainBackend;

/** Isolations that are built. */
export type Backends = Readonly<Record<"netns" | "vm", OpenBackend>>;
