import type { Scenario } from "../scenario/scenario.ts";
import { cablesLine, fold, probeLine, sliceLine, summary, verdictLine } from "./lab-text.ts";
import type { LabDisplay, LabView, PhaseResult } from "./lab-view.ts";
import { type Paint, paintFor } from "./paint.ts";
import type { TextSink } from "./text-sink.ts";

/** A terminal: a table that is drawn over itself, and above it what is done. */
export class LiveDisplay implements LabDisplay {
  readonly #out: TextSink;
  readonly #paint: Paint;
  #drawn = 0;

  constructor(out: TextSink) {
    this.#out = out;
    this.#paint = paintFor(out);
  }

  begin({ title, about }: Scenario): void {
    const { bold, accent } = this.#paint;
    this.#print(["", `  ${accent(bold("GONA"))}  ${bold(title)}`, ...this.#fold(about), ""]);
  }

  step(text: string): void {
    this.#draw([`  ${this.#paint.dim(`${text} …`)}`]);
  }

  update(view: LabView): void {
    const { bold, dim } = this.#paint;
    const { phase } = view;
    const left = Math.max(0, Math.ceil((phase.lasts - view.elapsedMs) / 1000));
    this.#draw([
      `  ${bold(phase.title)}  ${dim(`part ${view.phaseNumber} of ${view.phaseCount}, ${left} s left`)}`,
      ...this.#fold(phase.say).map(dim),
      "",
      dim(
        `  ${"guest".padEnd(8)} ${"NIC".padEnd(8)} ${"guaranteed … limit".padEnd(26)} ${"delivered at the switch, of the limit".padEnd(24)}`,
      ),
      ...view.slices.map((row, index) =>
        sliceLine(row, row.slice.guest !== view.slices[index - 1]?.slice.guest, this.#paint),
      ),
      "",
      `  ${cablesLine(view, this.#paint)}`,
      ...view.probes.map((probe) => `  ${probeLine(probe)}`),
      ...(view.news === undefined ? [] : [`  ${bold(view.news)}`]),
    ]);
  }

  phaseDone({ phase, verdicts }: PhaseResult): void {
    this.#print([
      `  ${this.#paint.bold(phase.title)}`,
      ...verdicts.map((verdict) => verdictLine(verdict, this.#paint)),
      "",
    ]);
  }

  end(results: readonly PhaseResult[], words: readonly string[]): void {
    this.#print([...summary(results, this.#paint).map((line) => `  ${line}`), ...words.map((line) => `  ${line}`), ""]);
  }

  #fold(text: string): string[] {
    return fold(text, Math.min(100, (this.#out.columns ?? 80) - 4)).map((line) => `  ${line}`);
  }

  /** Lines that stay. */
  #print(lines: readonly string[]): void {
    this.#draw([]);
    this.#out.write(lines.map((line) => `${line}\n`).join(""));
  }

  /** Lines that the next ones overwrite. */
  #draw(lines: readonly string[]): void {
    const up = this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A`;
    const width = this.#out.columns ?? 80;
    this.#out.write(`${up}\r\x1b[J${lines.map((line) => `${cut(line, width - 1)}\n`).join("")}`);
    this.#drawn = lines.length;
  }
}

/** The start of a colour, or one character. */
const PIECE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m|.`, "gsu");

/** A line that wraps would be two, and the drawing would climb: cut it, colours aside. */
function cut(line: string, width: number): string {
  let shown = 0;
  let result = "";
  for (const [piece] of line.matchAll(PIECE)) {
    const isColour = piece.length > 2;
    if (!isColour && ++shown > width) return `${result}\x1b[0m`;
    result += piece;
  }
  return result;
}
