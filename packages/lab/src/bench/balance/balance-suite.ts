import { isUnsupported } from "../qos-bed/feature.ts";
import type { Suite, SuiteOptions } from "../suite.ts";
import { BalanceBed } from "./balance-bed.ts";
import type { BalanceCase } from "./balance-case.ts";
import { EQUAL, SLOW, UNEQUAL, type Variant } from "./balance-spec.ts";
import { completionCase } from "./completion-case.ts";
import { greedyCase } from "./greedy-case.ts";
import { miceCase } from "./mice-case.ts";
import { orderCase } from "./order-case.ts";
import { inboundCase, packingCase } from "./packing-case.ts";
import { Results, wordsOf } from "./results.ts";

const MAIN: readonly BalanceCase[] = [
  miceCase,
  completionCase("web search", "webSearch"),
  packingCase,
  greedyCase(8, ["flowlet", "hash", "stripe"]),
  inboundCase,
  orderCase,
];
const ALL: readonly BalanceCase[] = [
  ...MAIN,
  completionCase("data mining up to 100 MB", "dataMining", [EQUAL]),
  greedyCase(1, ["flowlet", "stripe"], [EQUAL]),
];
const QUICK = [
  { shape: EQUAL, rounds: 1 },
  { shape: SLOW, rounds: 1 },
];
/** Some eight minutes. */
const FULL = [
  { shape: EQUAL, rounds: 2 },
  { shape: UNEQUAL, rounds: 1 },
  { shape: SLOW, rounds: 2 },
];

/** What a guest gets of several NICs, whatever it sends. */
export const balanceSuite: Suite = {
  name: "balance",
  about: "spread, flow completion times, use and reordering of a guest's flows over two NICs, beside a static hash",
  async run(options) {
    const results = new Results();
    for (const { shape, rounds } of options.quick ? QUICK : FULL) {
      options.progress(`building a bed of ${shape.name}`);
      await using bed = await BalanceBed.build(shape);
      const without = new Set<Variant>();
      for (let round = 0; round < rounds; round++)
        for (const item of options.quick ? MAIN : ALL)
          if ((item.shapes ?? [EQUAL, UNEQUAL]).includes(shape))
            await runCase(bed, item, round, results, without, options);
    }
    return results.rows();
  },
};

/** Each variant in turn, so that a noisy minute falls on all. `without`: those that this daemon does not execute. */
async function runCase(
  bed: BalanceBed,
  item: BalanceCase,
  round: number,
  results: Results,
  without: Set<Variant>,
  { quick, progress, signal }: SuiteOptions,
): Promise<void> {
  for (const variant of item.variants) {
    signal?.throwIfAborted();
    if (without.has(variant)) continue;
    try {
      await bed.use(variant);
    } catch (error) {
      if (!isUnsupported(error)) throw error;
      progress(`${variant} is left out, this daemon does not execute it: ${error.message}`);
      without.add(variant);
      continue;
    }
    const figures = await item.measure(bed, round, { quick, ...(signal !== undefined && { signal }) });
    const subject = `${bed.shape.name}, ${item.name}`;
    progress(`${subject}, ${variant}: ${wordsOf(figures)}`);
    results.add(subject, variant, figures);
  }
}
