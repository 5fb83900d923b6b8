import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { GonaError } from "@gona/model";
import { REPOSITORY } from "../../bed/lab-paths.ts";
import type { LabProcess } from "../../bed/lab-process.ts";
import { SLOWNESS } from "../../bed/slowness.ts";
import type { LoadHost } from "../load/running-load.ts";
import type { BurstPlan, FlowMessage, FlowPlan, ReceivePlan } from "./flow-plan.ts";

const PROGRAM = join(REPOSITORY, "packages/lab/src/bench/balance/flows-main.ts");
const READY_MS = 20_000 * SLOWNESS;
/** What a program says when it ends, after its plan's own time. */
const LAST_WORDS_MS = 5_000 * SLOWNESS;

type Last = Exclude<FlowMessage, { kind: "ready" }>;

/** One of the flow programs, ready to begin. */
export class FlowProgram implements AsyncDisposable {
  readonly #process: LabProcess;
  readonly #last: Promise<Last>;

  private constructor(process: LabProcess, last: Promise<Last>) {
    this.#process = process;
    this.#last = last;
  }

  /** Lives until the bed goes. Throws SCENARIO_FAILED. */
  static receive(host: LoadHost, plan: ReceivePlan): Promise<FlowProgram> {
    return FlowProgram.#start(host, "receive", plan);
  }

  /** Begins with go(), and ends by itself. Throws SCENARIO_FAILED. */
  static flows(host: LoadHost, plan: FlowPlan): Promise<FlowProgram> {
    return FlowProgram.#start(host, "flows", plan);
  }

  /** What came of the flows of `plan`, at its end. Throws SCENARIO_FAILED. */
  async completed({ lastsMs, patienceMs }: FlowPlan): Promise<Extract<Last, { kind: "completed" }>> {
    const said = await this.#said(lastsMs + patienceMs + LAST_WORDS_MS);
    if (said.kind !== "completed") throw new GonaError("BUG", `flows said ${said.kind}`);
    return said;
  }

  /** Sends from go() to stop(). Throws SCENARIO_FAILED. */
  static bursts(host: LoadHost, plan: BurstPlan): Promise<FlowProgram> {
    return FlowProgram.#start(host, "bursts", plan);
  }

  go(): void {
    this.#process.writeInput("go\n");
  }

  /** Ends it; what it sent of datagrams. */
  async stop(): Promise<number> {
    this.#process.closeInput();
    const said = await this.#said(LAST_WORDS_MS);
    return said.kind === "sent" ? said.datagrams : 0;
  }

  async #said(withinMs: number): Promise<Last> {
    const timer = new AbortController();
    const late = delay(withinMs, undefined, { signal: timer.signal, ref: false }).catch(() => undefined);
    const said = await Promise.race([this.#last, late, this.#process.ended.then(() => this.#lastOrNothing())]);
    timer.abort();
    if (said === undefined)
      throw new GonaError("SCENARIO_FAILED", `${this.#process.name} gave no result: ${this.#process.logTail(8)}`);
    return said;
  }

  /** Its last line may be read just after its end. */
  #lastOrNothing(): Promise<Last | undefined> {
    return Promise.race([this.#last, delay(500, undefined, { ref: false })]);
  }

  static async #start(
    host: LoadHost,
    mode: "flows" | "bursts" | "receive",
    plan: FlowPlan | BurstPlan | ReceivePlan,
  ): Promise<FlowProgram> {
    const ready = Promise.withResolvers<"ready">();
    const last = Promise.withResolvers<Last>();
    const child = host.spawn({
      name: mode,
      netns: host.home,
      // Before other work of the machine, which is not what is measured.
      command: "nice",
      args: ["-n", "-10", process.execPath, PROGRAM, mode, JSON.stringify(plan)],
      onLine: (line) => {
        const message = JSON.parse(line) as FlowMessage;
        if (message.kind === "ready") ready.resolve("ready");
        else last.resolve(message);
      },
    });
    const timer = new AbortController();
    const outcome = await Promise.race([
      ready.promise,
      child.ended.then(() => "ended" as const),
      delay(READY_MS, "late" as const, { signal: timer.signal, ref: false }).catch(() => "late" as const),
    ]);
    timer.abort();
    if (outcome === "ready") return new FlowProgram(child, last.promise);
    await child.stop("SIGKILL");
    throw new GonaError("SCENARIO_FAILED", `flow program ${mode} did not start (${outcome}): ${child.logTail(8)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.closeInput();
    if (await Promise.race([this.#process.ended.then(() => true), delay(2000, false, { ref: false })])) return;
    await this.#process.stop("SIGKILL");
  }
}
