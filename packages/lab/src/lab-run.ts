import { mkdirSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { dirname, join } from "node:path";
import { DaemonUnderTest } from "./bed/daemon-under-test.ts";
import { LabBed } from "./bed/lab-bed.ts";
import { REPOSITORY } from "./bed/lab-paths.ts";
import type { BenchRow } from "./bench/bench-row.ts";
import { htmlReport } from "./report/html-report.ts";
import { allKept } from "./run/lab-text.ts";
import type { LabDisplay, PhaseResult } from "./run/lab-view.ts";
import { LiveDisplay } from "./run/live-display.ts";
import { MachineStalls } from "./run/machine-stalls.ts";
import { PhaseRunner } from "./run/phase-runner.ts";
import { PlainDisplay } from "./run/plain-display.ts";
import { resultRows } from "./run/result-rows.ts";
import { sinkOf, type TextSink } from "./run/text-sink.ts";
import { findScenario } from "./scenario/find-scenario.ts";
import type { Scenario } from "./scenario/scenario.ts";

export interface LabRunOptions {
  /** All phases once; else they are repeated until `signal`, or Ctrl-C. */
  readonly once?: boolean;
  /** Where to show the run: a table that redraws itself on a terminal, lines elsewhere. */
  readonly out?: TextSink;
  /** Ends the run in good order. Without it the run listens for SIGINT and SIGTERM itself. */
  readonly signal?: AbortSignal;
  /** Where the HTML report goes; build/lab/<scenario>.html unless given. */
  readonly report?: string;
  /** Called after each phase, with its traffic still running: for tests that look deeper. */
  readonly afterPhase?: (after: AfterPhase) => Promise<void>;
}

export interface AfterPhase {
  readonly bed: LabBed;
  readonly daemon: DaemonUnderTest;
  readonly result: PhaseResult;
}

export interface LabResult {
  /** Every promise that was judged was kept. */
  readonly kept: boolean;
  readonly rows: readonly BenchRow[];
  readonly results: readonly PhaseResult[];
  /** The HTML report. */
  readonly report: string;
}

/**
 * Builds a scenario's lab, starts the real daemon in it, runs its phases, judges them at the far
 * end, writes the report and removes the lab. Throws GonaError when the lab itself breaks.
 */
export async function labRun(nameOrPath: string, options: LabRunOptions = {}): Promise<LabResult> {
  return runScenario(findScenario(nameOrPath), options);
}

export async function runScenario(scenario: Scenario, options: LabRunOptions = {}): Promise<LabResult> {
  const { once = false, out = sinkOf(process.stdout) } = options;
  const display = displayFor(out);
  using interrupt = options.signal === undefined ? new Interrupt() : undefined;
  const signal = options.signal ?? (interrupt as Interrupt).signal;
  const results: PhaseResult[] = [];
  const report = options.report ?? join(REPOSITORY, "build/lab", `${scenario.name}.html`);
  display.begin(scenario);
  {
    display.step("building switches, peers and guests in namespaces of their own");
    await using bed = await LabBed.build(scenario);
    for (const guest of countedAtGuests(scenario)) await bed.farEnd.attachGuest(bed.station(guest));
    display.step("starting the daemon");
    const daemon = await DaemonUnderTest.start(bed);
    using stalls = await MachineStalls.watch();
    await using runner = new PhaseRunner(bed, daemon, display, stalls);
    try {
      do {
        for (const [index, phase] of scenario.phases.entries()) {
          const result = await runner.run(phase, index + 1, signal);
          results.push(result);
          display.phaseDone(result);
          await options.afterPhase?.({ bed, daemon, result });
        }
      } while (!once);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    display.step("removing the lab");
    mkdirSync(dirname(report), { recursive: true });
    const machine = `Linux ${release()}, ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`;
    writeFileSync(report, htmlReport({ scenario, results, book: runner.book, records: runner.records, machine }));
  }
  display.end(results, [`Report: ${report}`]);
  return {
    kept: allKept(results) && (results.length > 0 || signal.aborted),
    rows: resultRows(scenario, results),
    results,
    report,
  };
}

/** Guests whose own links are counted, because a phase expects something of what they get. */
const countedAtGuests = ({ phases }: Scenario): ReadonlySet<string> =>
  new Set(
    phases
      .flatMap((phase) => phase.expect)
      .flatMap((item) => (item.kind === "total" && item.direction === "ingress" ? [item.guest] : [])),
  );

const displayFor = (out: TextSink): LabDisplay =>
  out.columns === undefined ? new PlainDisplay(out) : new LiveDisplay(out);

/** Ctrl-C as an AbortSignal, for as long as it lives. A second Ctrl-C changes nothing: clean-up is under way. */
class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #stop = (): void => this.#controller.abort(new DOMException("the lab was interrupted", "AbortError"));

  constructor() {
    process.on("SIGINT", this.#stop);
    process.on("SIGTERM", this.#stop);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    process.off("SIGINT", this.#stop);
    process.off("SIGTERM", this.#stop);
  }
}
