import { GonaError } from "@gona/model";
import type { CliContext, DaemonClient } from "../src/cli-context.ts";
import type { EntryPoints } from "../src/entry-points.ts";
import { runCli } from "../src/run-cli.ts";

const unreachable = (): Promise<never> =>
  Promise.reject(new GonaError("DAEMON_UNREACHABLE", "no daemon answers at /run/gona/gona.sock"));
const unexpected = (): Promise<never> => Promise.reject(new Error("this test has no such program"));

export interface FakeWorld {
  /** Calls that a daemon answers; all others find none. */
  readonly daemon?: Partial<DaemonClient>;
  readonly files?: Readonly<Record<string, string>>;
  readonly entryPoints?: Partial<EntryPoints>;
  readonly columns?: number;
  readonly colour?: boolean;
  /** Rounds that a watch goes on after the first. */
  readonly rounds?: number;
}

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line in a world of plain values. */
export async function gona(args: readonly string[], world: FakeWorld = {}): Promise<Said> {
  const out: string[] = [];
  const err: string[] = [];
  let nowMs = 0;
  let rounds = world.rounds ?? 0;
  const nobody = {
    apply: unreachable,
    check: unreachable,
    delivery: unreachable,
    domainExec: unreachable,
    domainRestart: unreachable,
    domains: unreachable,
    drain: unreachable,
    dump: unreachable,
    events: unreachable,
    explain: unreachable,
    followEvents: async function* () {
      yield await unreachable();
    },
    followDelivery: async function* () {
      yield await unreachable();
    },
    guests: unreachable,
    history: unreachable,
    nics: unreachable,
    plan: unreachable,
    rollback: unreachable,
    slices: unreachable,
    status: unreachable,
    teardown: unreachable,
    undrain: unreachable,
  } satisfies DaemonClient;
  const context: CliContext = {
    out: { write: (text) => void out.push(text), columns: world.columns, colour: world.colour ?? false },
    err: { write: (text) => void err.push(text), columns: undefined, colour: false },
    version: "1.2.3",
    signal: new AbortController().signal,
    entryPoints: {
      daemon: unexpected,
      lab: unexpected,
      benchSuites: unexpected,
      doctor: unexpected,
      planner: () => import("@gona/planner"),
      ...world.entryPoints,
    },
    client: () => ({ ...nobody, ...world.daemon }),
    readText: (file) => {
      const text = world.files?.[file];
      return text === undefined
        ? Promise.reject(new GonaError("NOT_FOUND", `no such file: ${file}`))
        : Promise.resolve(text);
    },
    pause: (ms) => {
      nowMs += ms;
      return Promise.resolve(rounds-- > 0);
    },
    now: () => nowMs,
  };
  const code = await runCli(args, context);
  return { code, out: out.join(""), err: err.join("") };
}
