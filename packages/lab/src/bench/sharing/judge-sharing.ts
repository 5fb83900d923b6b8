import { parseRate } from "@gona/model";
import type { BenchRow } from "../bench-row.ts";
import { summarize } from "../bench-row.ts";
import { jain } from "../figures/jain.ts";
import { shareError } from "../figures/share-error.ts";
import { CAPACITY_MEGABITS, type SharingCase } from "./cases.ts";

interface Figure {
  readonly figure: string;
  readonly unit: string;
  readonly value: number;
  readonly target: string;
  readonly holds: boolean;
}

/** What the rates of a case's guests (bit/s, 0 for those who are idle) say. */
export function judgeSharing({ guests, judged }: SharingCase, rates: readonly number[]): readonly Figure[] {
  const busy = guests.flatMap(({ sends }, guest) => (sends === undefined ? [] : [guest]));
  const got = busy.map((guest) => rates[guest] ?? 0);
  const used = (got.reduce((sum, rate) => sum + rate, 0) / (CAPACITY_MEGABITS * 1e6)) * 100;
  const utilisation = aim("utilisation", "%", used, used >= 99, ">= 99");
  switch (judged.kind) {
    case "equal": {
      const value = jain(got);
      return [aim("Jain's index", "", value, value >= 0.999, ">= 0.999"), utilisation];
    }
    case "weights": {
      const value = shareError(
        got,
        busy.map((guest) => guests[guest]?.share.shares ?? 100),
      );
      return [aim("worst error of a share", "%", value, value <= 1, "<= 1"), utilisation];
    }
    case "reservations": {
      const kept = busy.flatMap((guest) => {
        const reserve = guests[guest]?.share.reserve;
        return reserve === undefined ? [] : [((rates[guest] ?? 0) / parseRate(reserve)) * 100];
      });
      const value = Math.min(...kept);
      return [aim("least reservation kept", "%", value, value >= 99.5, ">= 99.5"), utilisation];
    }
    case "utilisation":
      return [utilisation];
  }
}

const aim = (figure: string, unit: string, value: number, holds: boolean, target: string): Figure => ({
  ...{ figure, unit, value, holds, target },
});

/** Rows of a case's rounds, medians of each figure. `versus`: the same case by another, one list for each round. */
export function sharingRows(
  sharing: SharingCase,
  rounds: readonly (readonly Figure[])[],
  versus?: { readonly name: string; readonly rounds: readonly (readonly Figure[])[] },
): readonly BenchRow[] {
  const values = (all: readonly (readonly Figure[])[], index: number): number[] =>
    all.map((figures) => figures[index]?.value ?? 0);
  return (rounds[0] ?? []).map(({ figure, unit, target }, index): BenchRow => {
    const own = summarize(values(rounds, index));
    const other = versus === undefined ? undefined : summarize(values(versus.rounds, index)).value;
    return {
      suite: "sharing",
      case: sharing.name,
      ...{ figure, unit, ...own },
      ...(versus !== undefined &&
        other !== undefined && { versus: { name: versus.name, value: other, ratio: own.value / other } }),
      target,
      holds: rounds.filter((figures) => figures[index]?.holds).length * 2 > rounds.length,
    };
  });
}
