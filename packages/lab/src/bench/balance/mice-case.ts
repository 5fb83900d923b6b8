import { setTimeout as delay } from "node:timers/promises";
import { type BalanceCase, flowEnds, mean, meanRates, seconds } from "./balance-case.ts";
import type { FlowPlan } from "./flow-plan.ts";
import { FlowProgram } from "./flow-program.ts";
import { spread } from "./packing.ts";
import { atMost } from "./results.ts";

/** Some 1,000 flows a second: what a Node process at each end begins and ends beside all the rest. */
const BITS_PER_SECOND = 300e6;
/** Before this the balancer has not looked at what it has to balance. */
const SEEN_MS = 2000;
/** So that mice still come while the window ends. */
const MARGIN_MS = 800;
const PATIENCE_MS = 2000;

/** Small flows alone: what each slice carried. */
export const miceCase: BalanceCase = {
  name: `mice of web search, ${BITS_PER_SECOND / 1e6} Mbit/s`,
  variants: ["flowlet", "hash"],
  async measure(bed, round, times) {
    const windowMs = seconds(times, 5, 2);
    const plan: FlowPlan = {
      ...flowEnds(bed, round),
      ...{ sizes: "mice", bitsPerSecond: BITS_PER_SECOND },
      ...{ lastsMs: SEEN_MS + windowMs + MARGIN_MS, patienceMs: PATIENCE_MS },
    };
    await using flows = await FlowProgram.flows(bed.loadHost, plan);
    flows.go();
    await delay(SEEN_MS);
    const looks = await bed.watch("egress", windowMs, times.signal);
    await flows.completed(plan);
    const inOneSecond = mean(looks.map((look) => spread(look, bed.limits)));
    return [
      {
        ...{ figure: "spread of the slices", unit: "%", value: spread(meanRates(looks), bed.limits) },
        ...{ aim: atMost(5, "flowlet"), beside: ["hash"] },
      },
      { figure: "mean spread in one second", unit: "%", value: inOneSecond },
    ];
  },
};
