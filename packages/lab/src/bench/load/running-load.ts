import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { GonaError } from "@gona/model";
import { REPOSITORY } from "../../bed/lab-paths.ts";
import type { LabProcess, LabProcessOptions } from "../../bed/lab-process.ts";
import { SLOWNESS } from "../../bed/slowness.ts";
import type { LoadMessage, LoadPlan, LoadSource, SinkPlan } from "./load-plan.ts";

const PROGRAM = join(REPOSITORY, "packages/lab/src/bench/load/load-main.ts");
const READY_MS = 20_000 * SLOWNESS;

/** What starts processes: a LabBed, or a BenchHost by an adapter. */
export interface LoadHost {
  spawn(options: Omit<LabProcessOptions, "paths">): LabProcess;
  /** Any namespace of the bed: sockets are opened where the plan says. */
  readonly home: string;
}

type Offered = Extract<LoadMessage, { kind: "offered" }>;

/** A load that is connected and waits, or runs. */
export class RunningLoad implements AsyncDisposable {
  readonly sources: readonly LoadSource[];
  readonly #process: LabProcess;
  readonly #offered: Offered[];

  private constructor(sources: readonly LoadSource[], process: LabProcess, offered: Offered[]) {
    this.sources = sources;
    this.#process = process;
    this.#offered = offered;
  }

  /** Opens all sockets; nothing but handshakes has been sent when it settles. Throws SCENARIO_FAILED. */
  static async prepare(host: LoadHost, name: string, sources: readonly LoadSource[]): Promise<RunningLoad> {
    const offered: Offered[] = [];
    const plan: LoadPlan = { sources };
    const child = await startProgram(host, name, "send", plan, (message) => {
      if (message.kind === "offered") offered.push(message);
    });
    return new RunningLoad(sources, child, offered);
  }

  /** Prepares and begins at once. */
  static async start(host: LoadHost, name: string, sources: readonly LoadSource[]): Promise<RunningLoad> {
    const load = await RunningLoad.prepare(host, name, sources);
    load.go();
    return load;
  }

  go(): void {
    if (!this.#process.running)
      throw new GonaError("SCENARIO_FAILED", `the load ended by itself:\n${this.#process.logTail()}`);
    this.#process.writeInput("go\n");
  }

  /**
   * What the UDP source at `index` offered, L2 bit/s, over the time that its reports between two moments
   * (milliseconds since 1970) span; undefined without two of them.
   */
  offeredBitsPerSecond(index: number, fromMs: number, toMs: number): number | undefined {
    const within = this.#offered.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const [first, last] = [within[0], within.at(-1)];
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
    return (((last.bytes[index] ?? 0) - (first.bytes[index] ?? 0)) * 8e3) / (last.atMs - first.atMs);
  }

  /** Ends it; open connections are reset. */
  async stop(): Promise<void> {
    this.#process.closeInput();
    if (await Promise.race([this.#process.ended.then(() => true), delay(2000, false)])) return;
    await this.#process.stop("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts the receiving end; it lives until the bed goes. */
export const startSink = (host: LoadHost, name: string, places: SinkPlan["places"]): Promise<LabProcess> =>
  startProgram(host, name, "sink", { places }, () => undefined);

async function startProgram(
  host: LoadHost,
  name: string,
  mode: "send" | "sink",
  plan: LoadPlan | SinkPlan,
  take: (message: LoadMessage) => void,
): Promise<LabProcess> {
  const ready = Promise.withResolvers<"ready">();
  const child = host.spawn({
    name,
    netns: host.home,
    // Before other work of the machine: a shaper is judged by a queue that never runs dry.
    command: "nice",
    args: ["-n", "-10", process.execPath, PROGRAM, mode, JSON.stringify(plan)],
    onLine: (line) => {
      const message = JSON.parse(line) as LoadMessage;
      if (message.kind === "ready") ready.resolve("ready");
      else take(message);
    },
  });
  const timer = new AbortController();
  const outcome = await Promise.race([
    ready.promise,
    child.ended.then(() => "ended" as const),
    delay(READY_MS, "late" as const, { signal: timer.signal, ref: false }).catch(() => "late" as const),
  ]);
  timer.abort();
  if (outcome === "ready") return child;
  await child.stop("SIGKILL");
  throw new GonaError("SCENARIO_FAILED", `load ${name} did not start (${outcome}): ${child.logTail(8)}`);
}
