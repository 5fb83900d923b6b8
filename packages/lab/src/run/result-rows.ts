import type { BenchRow } from "../bench/bench-row.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { PhaseResult } from "./lab-view.ts";

/** A run's verdicts in the one shape of all measured results. A run is one round: low and high are the value. */
export function resultRows(scenario: Scenario, results: readonly PhaseResult[]): BenchRow[] {
  return results.flatMap(({ phase, verdicts }) =>
    verdicts.map(({ subject, figure, unit, value, versus, promised, kept }) => ({
      suite: `lab ${scenario.name}`,
      case: `${phase.title}: ${subject}`,
      figure,
      unit,
      value,
      low: value,
      high: value,
      ...(versus !== undefined && {
        versus: { ...versus, ratio: versus.value === 0 ? (value === 0 ? 1 : 0) : value / versus.value },
      }),
      target: promised,
      holds: kept,
    })),
  );
}
