import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AfterPhase, type LabResult, runScenario } from "../src/lab-run.ts";
import { machineWords } from "../src/run/lab-text.ts";
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

/**
 * The promises that were broken, and how the machine was, in words; "" without any. One text, not a list: it is what
 * a failing test says in a log, where a list is cut short.
 */
export const brokenPromises = ({ results }: LabResult): string =>
  results
    .flatMap((result) => {
      const broken = result.verdicts.filter(({ kept }) => !kept);
      const words = broken.map(
        ({ subject, promised, delivered }) => `${result.phase.title}: ${subject}: ${promised}, but ${delivered}`,
      );
      return broken.length === 0 ? [] : [...words, ...machineWords(result)];
    })
    .join("; ");
