import { type BenchRow, summarize } from "../bench-row.ts";
import type { Recovery } from "./recover-once.ts";

/** What is aimed at, milliseconds; absent: told, not judged. */
export interface RecoveryAims {
  /** Of the guest across both domains. */
  readonly acrossMs?: number;
  /** Of the guest that has no NIC but the domain's. */
  readonly insideMs?: number;
  readonly fullMs?: number;
}

/** Median and 99th percentile of each figure of many failures of one kind. */
export function recoveryRows(name: string, all: readonly Recovery[], aims: RecoveryAims): readonly BenchRow[] {
  const rows = (figure: string, of: (recovery: Recovery) => number, most?: number): readonly BenchRow[] => {
    const values = all.map(of);
    const { value, low, high } = summarize(values);
    const row = (words: string, number: number): BenchRow => ({
      ...{ suite: "recovery", case: name, figure: words, unit: "ms", value: number, low, high },
      ...(most !== undefined && { target: `<= ${most}`, holds: number <= most }),
    });
    return [row(figure, value), row(`${figure}, 99th percentile`, percentile99(values))];
  };
  return [
    ...rows("longest time without a packet, guest across both", ({ gapMs }) => gapMs.across, aims.acrossMs),
    ...rows("longest time without a packet, guest of this domain alone", ({ gapMs }) => gapMs.inside, aims.insideMs),
    ...rows("until all slices carry again", ({ fullMs }) => fullMs, aims.fullMs),
    ...rows("until the domain can be changed again", ({ wholeMs }) => wholeMs),
  ];
}

function percentile99(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
}
