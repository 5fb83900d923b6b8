import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AfterPhase, type LabResult, runScenario } from "../src/lab-run.ts";
import { SILENT_SINK } from "../src/run/text-sink.ts";
import type { Scenario } from "../src/scenario/scenario.ts";

/** Runs a scenario once without showing it; the report goes where nobody keeps it. */
export async function runQuietly(
  scenario: Scenario,
  afterPhase?: (after: AfterPhase) => Promise<void>,
): Promise<LabResult> {
  const directory = mkdtempSync(join(tmpdir(), "gona-lab-"));
  try {
    return await runScenario(scenario, {
      once: true,
      out: SILENT_SINK,
      report: join(directory, "report.html"),
      ...(afterPhase !== undefined && { afterPhase }),
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The promises that were broken, in words: what a failing test is to show. */
export const brokenPromises = ({ results }: LabResult): string[] =>
  results.flatMap(({ phase, verdicts }) =>
    verdicts
      .filter(({ kept }) => !kept)
      .map(({ subject, promised, delivered }) => `${phase.title}: ${subject}: ${promised}, but ${delivered}`),
  );
