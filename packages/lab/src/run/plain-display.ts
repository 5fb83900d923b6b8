import type { Scenario } from "../scenario/scenario.ts";
import { fold, probeLine, summary, verdictLine } from "./lab-text.ts";
import type { LabDisplay, LabView, PhaseResult } from "./lab-view.ts";
import { type Paint, paintFor } from "./paint.ts";
import type { TextSink } from "./text-sink.ts";
import { formatMegabits } from "./verdict.ts";

const LINE_EACH_MS = 2000;

/** A pipe or a log: a line each other second, and one for each thing that happens. */
export class PlainDisplay implements LabDisplay {
  readonly #out: TextSink;
  readonly #paint: Paint;
  #phase = 0;
  #lastLineMs = 0;
  #news: string | undefined;

  constructor(out: TextSink) {
    this.#out = out;
    this.#paint = paintFor(out);
  }

  begin({ title, about }: Scenario): void {
    this.#print(["", `GONA  ${title}`, ...fold(about, 100), ""]);
  }

  step(text: string): void {
    this.#print([`${text} …`]);
  }

  update(view: LabView): void {
    if (view.phaseNumber !== this.#phase) {
      this.#phase = view.phaseNumber;
      this.#lastLineMs = 0;
      this.#print(["", `${view.phaseNumber}/${view.phaseCount} ${view.phase.title}`, ...fold(view.phase.say, 100)]);
    }
    if (view.news !== undefined && view.news !== this.#news) this.#print([`  ${view.news}`]);
    this.#news = view.news;
    if (view.elapsedMs - this.#lastLineMs < LINE_EACH_MS) return;
    this.#lastLineMs = view.elapsedMs;
    const slices = view.slices.map(
      ({ slice, delivered }) => `${slice.guest} on ${slice.nic} ${formatMegabits(delivered)}`,
    );
    this.#print([
      `  ${(view.elapsedMs / 1000).toFixed(0).padStart(2)} s  ${slices.join("  ")}`,
      ...view.probes.map((probe) => `        ${probeLine(probe)}`),
    ]);
  }

  phaseDone({ verdicts }: PhaseResult): void {
    this.#phase = 0;
    this.#print(verdicts.map((verdict) => verdictLine(verdict, this.#paint)));
  }

  end(results: readonly PhaseResult[], words: readonly string[]): void {
    this.#print(["", ...summary(results, this.#paint), ...words]);
  }

  #print(lines: readonly string[]): void {
    this.#out.write(lines.map((line) => `${line}\n`).join(""));
  }
}
