import { type BenchRow, summarize } from "../bench-row.ts";
import type { Variant } from "./balance-spec.ts";

/** One figure of one round. */
export interface Figure {
  readonly figure: string;
  readonly unit: string;
  readonly value: number;
  /** Aimed at, for those variants that an aim is set for. */
  readonly aim?: { readonly words: string; readonly of: readonly Variant[]; readonly met: (value: number) => boolean };
  /** Whom this is compared with, beside the variants' own rows. */
  readonly beside?: readonly Variant[];
}

export const atMost = (most: number, ...of: readonly Variant[]): NonNullable<Figure["aim"]> => ({
  words: `<= ${most}`,
  of,
  met: (value) => value <= most,
});

export const atLeast = (least: number, ...of: readonly Variant[]): NonNullable<Figure["aim"]> => ({
  words: `>= ${least}`,
  of,
  met: (value) => value >= least,
});

interface Rounds extends Figure {
  readonly subject: string;
  readonly variant: Variant;
  readonly values: number[];
}

/** Figures of all rounds, by what was measured and by how flows were put on NICs. */
export class Results {
  readonly #rounds = new Map<string, Rounds>();

  add(subject: string, variant: Variant, figures: readonly Figure[]): void {
    for (const figure of figures) {
      const key = keyOf(subject, variant, figure.figure);
      const rounds = this.#rounds.get(key);
      if (rounds === undefined) this.#rounds.set(key, { ...figure, subject, variant, values: [figure.value] });
      else rounds.values.push(figure.value);
    }
  }

  /** A figure that is compared with several others has a row for each. */
  rows(): readonly BenchRow[] {
    return [...this.#rounds.values()].flatMap((rounds): BenchRow[] => {
      const { subject, variant, figure, unit, values, aim, beside = [] } = rounds;
      const row: BenchRow = { suite: "balance", case: `${subject}, ${variant}`, figure, unit, ...summarize(values) };
      const judged: BenchRow =
        aim?.of.includes(variant) === true ? { ...row, target: aim.words, holds: aim.met(row.value) } : row;
      const others = beside.filter((name) => name !== variant).flatMap((name) => this.#versus(rounds, name, row.value));
      return others.length === 0 || variant !== "flowlet" ? [judged] : others.map((versus) => ({ ...judged, versus }));
    });
  }

  #versus({ subject, figure }: Rounds, name: Variant, value: number): NonNullable<BenchRow["versus"]>[] {
    const other = this.#rounds.get(keyOf(subject, name, figure));
    if (other === undefined) return [];
    const median = summarize(other.values).value;
    // There is no ratio to nothing.
    return median > 0 ? [{ name, value: median, ratio: value / median }] : [];
  }
}

const keyOf = (...parts: readonly string[]): string => parts.join("\n");

export const wordsOf = (figures: readonly Figure[]): string =>
  figures.map(({ figure, value, unit }) => `${figure} ${Number(value.toPrecision(4))} ${unit}`.trim()).join(", ");
