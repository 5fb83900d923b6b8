import { setTimeout as delay } from "node:timers/promises";
import type { ApplyResult } from "@gona/api";
import { type BenchRow, summarize } from "../bench-row.ts";
import type { Suite } from "../suite.ts";
import { buildBigBed } from "./big-bed.ts";
import { bigSpec, type HostSize } from "./big-spec.ts";
import { processorShare, residentBytes } from "./process-use.ts";
import { tcFromZero } from "./tc-batch.ts";

const SIZE: HostSize = { guests: 1000, nics: 4 };
/** Idle for minutes: the daemon looks at the whole kernel once in several, and a shorter time shows one look or none. */
const ROUNDS = { full: { zero: 5, change: 30, idleMs: 300_000 }, quick: { zero: 2, change: 8, idleMs: 5000 } };
/** What an apply leaves to be done (reconciling once more, giving memory back) is not the rest. */
const SETTLE_MS = 10_000;
const EMPTY_SPEC = "apiVersion: gona/v1\nnics: []\nguests: []\n";

/** How long it takes to tell a daemon something, seen by the daemon and by who tells it. */
interface Told {
  readonly result: ApplyResult;
  readonly endToEndMs: number;
}

/** What a large host costs. */
export const scaleSuite: Suite = {
  name: "scale",
  about: "1,000 guests x 4 NICs: from zero, one guest changed, nothing changed; the daemon's memory and idle CPU",
  async run(options) {
    const rounds = options.quick ? ROUNDS.quick : ROUNDS.full;
    options.progress(`making ${SIZE.guests} vifs and ${SIZE.nics} NICs`);
    await using host = await buildBigBed(SIZE);
    const daemon = await host.startDaemon(EMPTY_SPEC);
    const { pid } = daemon.identity;
    const tell = async (what: string, text: string): Promise<Told> => {
      options.signal?.throwIfAborted();
      const start = performance.now();
      const result = await host.client.apply({ text, file: "scale.yaml" });
      const endToEndMs = performance.now() - start;
      options.progress(
        `${what}: ${result.steps} steps, ${tellTimes(result)}, ${endToEndMs.toFixed(1)} ms through the API`,
      );
      return { result, endToEndMs };
    };
    const spec = bigSpec(SIZE);
    const zero: Told[] = [];
    const byTc: number[] = [];
    for (let round = 0; round < rounds.zero; round++) {
      if (round > 0) await tell("away with all", EMPTY_SPEC);
      // In turns, so that a noisy minute falls on both.
      byTc.push(await tcFromZero(host.hub, SIZE));
      zero.push(await tell("from zero", spec));
    }
    const changed: Told[] = [];
    for (let round = 0; round < rounds.change; round++) {
      const guest = (round * 37) % SIZE.guests;
      changed.push(await tell("one guest changed", bigSpec(SIZE, new Map([[guest, 50 + (round % 40)]]))));
    }
    await tell("as at first", spec);
    const unchanged: Told[] = [];
    for (let round = 0; round < rounds.change; round++) unchanged.push(await tell("the same text", spec));
    const reworded: Told[] = [];
    for (let round = 0; round < rounds.change; round++) {
      reworded.push(await tell("the same in other words", `# ${round}\n${spec}`));
    }
    options.progress(`idle for ${(SETTLE_MS + rounds.idleMs) / 1000} s`);
    await delay(SETTLE_MS, undefined, { ...(options.signal && { signal: options.signal }) });
    const idle = await processorShare(pid, rounds.idleMs);
    const memory = residentBytes(pid);
    return [
      ...timeRows(
        "from zero",
        zero,
        { of: "through the API", mostMs: 1000 },
        { name: "tc -batch, classes alone", value: summarize(byTc).value },
      ),
      ...timeRows("one guest changed", changed, { of: "reconciled", mostMs: 5 }),
      ...timeRows("nothing changed, the same text", unchanged, { of: "through the API", mostMs: 50 }),
      ...timeRows("nothing changed, the text differs", reworded, { of: "through the API", mostMs: 50 }),
      single("daemon's memory, resident", "MB", memory / 1e6, 150),
      single("daemon's processor time when idle", "% of a core", idle * 100, 1),
    ];
  },
};

const CASE = `${SIZE.guests} guests x ${SIZE.nics} NICs`;

/** `read 60 + decide 2 + execute 1 + store 3 ms`. */
const tellTimes = ({ timing, durationMs }: ApplyResult): string =>
  timing === undefined
    ? `${durationMs.toFixed(1)} ms`
    : `read ${timing.readMs.toFixed(1)} + decide ${timing.decideMs.toFixed(1)} + execute ${timing.executeMs.toFixed(1)} + store ${timing.storeMs.toFixed(1)} ms`;

/** Deciding and changing the kernel, which is what a change costs whatever the way it was told. */
const reconcileMs = ({ timing, durationMs }: ApplyResult): number =>
  timing === undefined ? durationMs : timing.decideMs + timing.executeMs;

/** Reconciling alone, the whole apply as the daemon sees it (reading and storing too), and end to end. */
function timeRows(
  figure: string,
  told: readonly Told[],
  target: { readonly of: "reconciled" | "through the API"; readonly mostMs: number },
  other?: { readonly name: string; readonly value: number },
): readonly BenchRow[] {
  const row = (what: string, values: readonly number[]): BenchRow => {
    const summary = summarize(values);
    return {
      suite: "scale",
      case: CASE,
      figure: `${figure}, ${what}`,
      unit: "ms",
      ...summary,
      ...(other && { versus: { ...other, ratio: summary.value / other.value } }),
    };
  };
  const rows = [
    row(
      "reconciled",
      told.map(({ result }) => reconcileMs(result)),
    ),
    row(
      "with reading and storing the spec",
      told.map(({ result }) => result.durationMs),
    ),
    row(
      "through the API",
      told.map(({ endToEndMs }) => endToEndMs),
    ),
  ];
  return rows.map((measured) => {
    if (!measured.figure.endsWith(target.of)) return measured;
    return { ...measured, target: `<= ${target.mostMs}`, holds: measured.value <= target.mostMs };
  });
}

const single = (figure: string, unit: string, value: number, most: number): BenchRow => ({
  suite: "scale",
  case: CASE,
  figure,
  unit,
  ...summarize([value]),
  target: `<= ${most}`,
  holds: value <= most,
});
