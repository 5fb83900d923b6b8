import { formatRate, megabitsPerSecond } from "@gona/model";
import { type BenchRow, summarize } from "../bench-row.ts";
import type { Suite } from "../suite.ts";
import { type Batch, batches, RATES } from "./cells.ts";
import { type Measured, measureBatch } from "./measure-batch.ts";
import { cniTbfShaper, defaultHtbShaper, gonaShaper, type Shaper } from "./shapers.ts";

/** One (rate, traffic, direction) by one shaper. */
interface Result extends Measured {
  readonly shaper: string;
  readonly batch: Batch;
}

/** 10 ms windows of slower limits hold a few packets: what they say is the packets' size. */
const PEAKS_FROM_MEGABITS = 100;
const GONA = "GONA";

/** How exactly a limit is kept over seconds, over any second and over 10 ms, at the far end. */
export const precisionSuite: Suite = {
  name: "precision",
  about: "error, fullest second and 10 ms peak of limits from 1 Mbit/s to 8 Gbit/s, beside HTB's defaults and TBF",
  async run({ quick, progress, signal }) {
    progress("building beds of ten guests and ten NICs");
    await using stack = new AsyncDisposableStack();
    const shapers: Shaper[] = [
      stack.use(await gonaShaper(RATES, ({ message }) => progress(`ingress is left out: ${message}`))),
      stack.use(await defaultHtbShaper(RATES)),
    ];
    if (!quick) shapers.push(stack.use(await cniTbfShaper(RATES)));
    const results: Result[] = [];
    for (const batch of batches(quick)) {
      for (const shaper of shapers) {
        signal?.throwIfAborted();
        if (!shaper.directions.includes(batch.direction) || (shaper.name !== GONA && !batch.compared)) continue;
        for (const measured of await measureBatch(shaper, batch)) {
          const result = { ...measured, shaper: shaper.name, batch };
          progress(`${nameOf(result)}, ${shaper.name}: ${wordsOf(result)}`);
          if (measured.filled) results.push(result);
        }
      }
    }
    return [...summary(results, shapers), ...cellRows(results)];
  },
};

const nameOf = ({ rate, batch }: Pick<Result, "rate" | "batch">): string =>
  `${formatRate(megabitsPerSecond(RATES[rate] ?? 0))}, ${batch.traffic.words}, ${batch.direction}`;

const wordsOf = ({ error, secondOver, peakOver, filled }: Measured): string =>
  `${error.toFixed(3)} %, fullest second ${secondOver.toFixed(1)} %, fullest 10 ms ${peakOver.toFixed(0)} % over${
    filled ? "" : "; the sender did not fill the queue: left out"
  }`;

const countsPeaks = ({ rate }: Result): boolean => (RATES[rate] ?? 0) >= PEAKS_FROM_MEGABITS;

interface Figure {
  readonly name: string;
  readonly of: (result: Result) => number;
  readonly from?: (result: Result) => boolean;
  readonly most: number;
}
const FIGURES: readonly Figure[] = [
  { name: "rate error", of: ({ error }) => error, most: 0.2 },
  { name: "fullest second over the limit", of: ({ secondOver }) => secondOver, most: 3 },
  { name: "fullest 10 ms over the limit", of: ({ peakOver }) => peakOver, from: countsPeaks, most: 15 },
];

/** Worst and median by direction; the others beside GONA in the cells that both were measured in. */
function summary(results: readonly Result[], shapers: readonly Shaper[]): readonly BenchRow[] {
  const rows: BenchRow[] = [];
  for (const direction of ["egress", "ingress"] as const) {
    const here = results.filter(({ batch }) => batch.direction === direction);
    const mine = here.filter(({ shaper }) => shaper === GONA);
    if (mine.length === 0) continue;
    for (const figure of FIGURES) {
      const value = (list: readonly Result[]) =>
        list
          .filter(figure.from ?? (() => true))
          .map((result) => (figure.name === "rate error" ? Math.abs(figure.of(result)) : figure.of(result)));
      if (value(mine).length === 0) continue;
      rows.push(
        aimed(`${direction}, all ${mine.length} cells`, `worst ${figure.name}`, value(mine), Math.max, figure.most),
      );
      if (figure.name === "rate error")
        rows.push(
          aimed(
            `${direction}, all ${mine.length} cells`,
            "median rate error",
            value(mine),
            (...all) => summarize(all).value,
            0.05,
          ),
        );
      for (const { name } of shapers.filter((shaper) => shaper.name !== GONA)) {
        const theirs = here.filter(({ shaper }) => shaper === name);
        const names = new Set(theirs.map(nameOf));
        const both = value(mine.filter((result) => names.has(nameOf(result))));
        if (both.length === 0) continue;
        const [own, other] = [Math.max(...both), Math.max(...value(theirs))];
        rows.push({
          suite: "precision",
          case: `${direction}, ${both.length} cells of both`,
          figure: `worst ${figure.name}`,
          unit: "%",
          ...summarize(both),
          value: own,
          versus: { name, value: other, ratio: own / other },
        });
      }
    }
  }
  return rows;
}

function aimed(
  name: string,
  figure: string,
  values: readonly number[],
  pick: (...values: number[]) => number,
  most: number,
): BenchRow {
  const value = pick(...values);
  const row = { suite: "precision", case: name, figure, unit: "%", ...summarize(values), value };
  return { ...row, target: `<= ${most}`, holds: value <= most };
}

/** Every cell of every shaper. */
const cellRows = (results: readonly Result[]): readonly BenchRow[] =>
  results.flatMap((result) =>
    FIGURES.filter(({ from }) => from === undefined || from(result)).map((figure) => ({
      suite: "precision",
      case: result.shaper === GONA ? nameOf(result) : `${nameOf(result)}; ${result.shaper}`,
      figure: figure.name,
      unit: "%",
      ...summarize([figure.of(result)]),
    })),
  );
