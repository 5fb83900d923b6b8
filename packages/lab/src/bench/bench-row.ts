/** One figure of a bench or lab run; the one shape of all such results (docs/benchmarks.md). */
export interface BenchRow {
  readonly suite: string;
  readonly case: string;
  /** What was measured, as in `packets per second`. */
  readonly figure: string;
  readonly unit: string;
  /** The median over the rounds. */
  readonly value: number;
  /** The lowest and the highest round. */
  readonly low: number;
  readonly high: number;
  /** Another case of the same run, its median and this value in parts of it. */
  readonly versus?: { readonly name: string; readonly value: number; readonly ratio: number };
  /** In words, as in `>= 1.15 x bridge + HTB`. */
  readonly target?: string;
  readonly holds?: boolean;
}

/** Median, lowest and highest of one figure's rounds. Throws RangeError without a round. */
export function summarize(rounds: readonly number[]): { value: number; low: number; high: number } {
  const sorted = rounds.toSorted((a, b) => a - b);
  const low = sorted[0];
  const high = sorted.at(-1);
  if (low === undefined || high === undefined) throw new RangeError("a figure needs at least one round");
  const middle = sorted.length / 2;
  const value =
    sorted.length % 2 === 1
      ? (sorted[Math.floor(middle)] as number)
      : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
  return { value, low, high };
}
