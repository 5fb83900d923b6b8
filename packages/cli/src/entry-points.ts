import type { DoctorRow } from "@gona/api";
import type { HostSpec } from "@gona/model";
import type { TextSink } from "./text-sink.ts";

/**
 * The programs behind the words that do more than talk to a daemon. This file alone may reach into
 * other packages than `model` and `api`, and only when such a word is used: `gona status` loads no
 * FFI and no planner. tests/import-rules.test.ts knows it.
 */
export interface EntryPoints {
  /** Settles with the exit code when the daemon has stopped cleanly. Throws GonaError. */
  daemon(options: DaemonOptions): Promise<number>;
  /** Returns the exit code. Throws GonaError. */
  lab(request: LabRequest): Promise<number>;
  benchSuites(): Promise<readonly Suite[]>;
  doctor(options: DoctorOptions): Promise<readonly DoctorRow[]>;
  planner(): Promise<Planner>;
}

export type Planner = typeof import("@gona/planner");
export type Suite = typeof import("@gona/lab")["SUITES"][number];

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

export interface DaemonOptions {
  /** Applied at the start; without it the last committed revision goes on. */
  readonly spec?: string;
  readonly runDir: string;
  readonly stateDir: string;
  /** ADDR:PORT */
  readonly listen?: string;
  /** Removes everything of GONA's from the kernel, and ends. */
  readonly teardown?: boolean;
  readonly logLevel?: LogLevel;
  /** Stops it cleanly; the data plane goes on. */
  readonly signal: AbortSignal;
}

export interface LabRequest {
  readonly action: "up" | "down" | "run" | "list";
  /** A name or a file; for `down` also absent: all labs. */
  readonly scenario?: string;
  /** Ends by itself after the last phase. */
  readonly once: boolean;
  /** HTML. */
  readonly report?: string;
  readonly json: boolean;
  readonly out: TextSink;
  readonly err: TextSink;
  readonly signal: AbortSignal;
}

export interface DoctorOptions {
  readonly runDir: string;
  /** Whose paths past the hub (SR-IOV, macvtap) are looked for. */
  readonly spec?: HostSpec;
}

/** Each program is loaded when its word is used. */
export const ENTRY_POINTS: EntryPoints = {
  daemon: async (options) => (await import("@gona/daemon")).runDaemon(options),
  lab: async (request) => (await import("@gona/lab")).runLab(request),
  benchSuites: async () => (await import("@gona/lab")).SUITES,
  doctor: async (options) => (await import("@gona/daemon/doctor")).examineHost(options),
  planner: () => import("@gona/planner"),
};
