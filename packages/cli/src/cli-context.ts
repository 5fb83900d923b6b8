import type { GonaClient } from "@gona/api";
import type { EntryPoints } from "./entry-points.ts";
import type { TextSink } from "./text-sink.ts";

/** What commands may ask of a daemon; a GonaClient, or a fake in tests. */
export type DaemonClient = Pick<
  GonaClient,
  | "apply"
  | "check"
  | "delivery"
  | "domainExec"
  | "domainRestart"
  | "domains"
  | "drain"
  | "dump"
  | "events"
  | "explain"
  | "followDelivery"
  | "followEvents"
  | "guests"
  | "history"
  | "nics"
  | "plan"
  | "rollback"
  | "slices"
  | "status"
  | "teardown"
  | "undrain"
>;

/** Everything outside that a command touches. */
export interface CliContext {
  readonly out: TextSink;
  readonly err: TextSink;
  readonly version: string;
  readonly entryPoints: EntryPoints;
  /** Ended by Ctrl-C. */
  readonly signal: AbortSignal;
  client(runDir: string): DaemonClient;
  /** The text of a file, `-` for standard input. Throws GonaError NOT_FOUND, STORAGE. */
  readText(file: string): Promise<string>;
  /** Settles after a pause or at the end of `signal`; false when it has ended. */
  pause(ms: number): Promise<boolean>;
  now(): number;
}

/** DESIGN section 2. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;
