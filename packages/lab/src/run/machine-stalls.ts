import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadBpfObject, RingBuffer, startCpuTimers } from "@gona/kernel";
import { GonaError } from "@gona/model";
import { REPOSITORY } from "../bed/lab-paths.ts";
import { CLOCK_MONOTONIC, CLOCK_REALTIME, ProbeClock } from "../traffic/probe-clock.ts";
import type { Span } from "./span.ts";

/** Of bpf/lab_stalls.bpf.c. */
export const STALLS_OBJECT = join(REPOSITORY, "build/bpf/lab_stalls.bpf.o");
const SOURCE = join(REPOSITORY, "bpf/lab_stalls.bpf.c");
const PERIOD_NS = 500_000;
/** Of its rate, by a class that idles (docs/ARCHITECTURE.md). */
const SAVED_UP_MS = 5;
/** Shorter ones are many, and break no promise. */
const SHORTEST_NS = 500_000;

/**
 * Times in which a CPU of this machine took no interrupt although a timer was due, so that nothing whatever ran on
 * it: a hypervisor had given it to somebody else. What a lab promises is GONA's doing, not the hypervisor's.
 */
export class MachineStalls implements Disposable {
  readonly #seen: Span[] = [];
  readonly #watching = new DisposableStack();

  private constructor() {
    // By watch().
  }

  /** Begins to watch. Where the kernel does not let us (perf events, tracepoints), nothing is ever seen. */
  static async watch(): Promise<MachineStalls> {
    const stalls = new MachineStalls();
    try {
      await buildObject();
      stalls.#start();
    } catch (error) {
      if (!(error instanceof GonaError)) throw error;
      stalls.#watching.dispose();
    }
    return stalls;
  }

  /** Whether stalls would be seen. */
  get watching(): boolean {
    return !this.#watching.disposed;
  }

  /**
   * Of any CPU, those that touch this time, milliseconds since 1970, each with what comes after it: as long again,
   * in which what piled up is worked off. They are told within milliseconds of their end.
   */
  within(fromMs: number, toMs: number): readonly Span[] {
    return this.#seen.filter((stall) => stall.toMs > fromMs && stall.fromMs < toMs);
  }

  /** Those of more than what a shaper saves up, without what comes after them: what no sender makes up for. */
  longWithin(fromMs: number, toMs: number): readonly Span[] {
    return this.within(fromMs, toMs)
      .map((stall) => ({ fromMs: stall.fromMs, toMs: (stall.fromMs + stall.toMs) / 2 }))
      .filter((stall) => stall.toMs - stall.fromMs > SAVED_UP_MS);
  }

  [Symbol.dispose](): void {
    this.#watching.dispose();
  }

  #start(): void {
    const rodata = { lab_period_ns: PERIOD_NS, lab_shortest_ns: SHORTEST_NS };
    const object = this.#watching.use(loadBpfObject(STALLS_OBJECT, { rodata }));
    this.#watching.use(new RingBuffer(object.map("lab_stalls"), (record) => this.#take(record)).unref());
    this.#watching.use(object.program("lab_timer_expired").attachTracepoint("hrtimer_expire_entry"));
    this.#watching.use(startCpuTimers(PERIOD_NS));
  }

  /** struct lab_stall of bpf/lab_stalls.bpf.c. */
  #take(record: Uint8Array): void {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    const aheadMs = realtimeAheadMs();
    const at = (offset: number): number => Number(view.getBigUint64(offset, true)) / 1e6 + aheadMs;
    const [fromMs, toMs] = [at(0), at(8)];
    this.#seen.push({ fromMs, toMs: toMs + (toMs - fromMs) });
  }
}

/** What CLOCK_REALTIME, which the prober stamps with, is ahead of CLOCK_MONOTONIC. */
function realtimeAheadMs(): number {
  const [real, monotonic] = [CLOCK_REALTIME, CLOCK_MONOTONIC].map(
    (clock) => new ProbeClock(clock).read().since(0) / 1e6,
  );
  return (real ?? 0) - (monotonic ?? 0);
}

/** In a checkout the object is built when its source changed; a package brings it along. */
async function buildObject(): Promise<void> {
  if (!existsSync(SOURCE)) return;
  const { buildBpf } = await import("../../../../scripts/build-bpf.mjs");
  buildBpf({ source: SOURCE, output: STALLS_OBJECT });
}
