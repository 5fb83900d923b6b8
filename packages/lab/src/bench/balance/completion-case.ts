import { type BalanceCase, flowEnds, seconds } from "./balance-case.ts";
import { BEST, type Shape, slicesOf, sumMegabits } from "./balance-spec.ts";
import { completionTimes } from "./completion-times.ts";
import type { FlowPlan } from "./flow-plan.ts";
import { FlowProgram } from "./flow-program.ts";
import { ordersBetween } from "./order-book.ts";
import { spread } from "./packing.ts";

const LOAD = 0.7;

/** Mice and elephants of a distribution: how long a flow takes. */
export const completionCase = (name: string, sizes: FlowPlan["sizes"], shapes?: readonly Shape[]): BalanceCase => ({
  name: `${name} at ${LOAD * 100} % of the sum`,
  variants: ["flowlet", "hash", BEST],
  ...(shapes !== undefined && { shapes }),
  async measure(bed, round, times) {
    const plan: FlowPlan = {
      ...flowEnds(bed, round),
      ...{ sizes, bitsPerSecond: LOAD * sumMegabits(bed.shape) * 1e6 },
      ...{ lastsMs: seconds(times, 6, 3), patienceMs: seconds(times, 15, 10) },
    };
    await using program = await FlowProgram.flows(bed.loadHost, plan);
    const before = await bed.orders.read();
    const carried = bed.carriedBytes("egress");
    program.go();
    const { flows, unfinished } = await program.completed(plan);
    const loads = bed.carriedBytes("egress").map((bytes, slice) => bytes - (carried[slice] ?? 0));
    const { tcp, outOfOrder, retransmitted } = ordersBetween(before, await bed.orders.read());
    // A flow has one slice at a time: alone it would have the widest.
    const widest = Math.max(...slicesOf(bed.shape, "hash").map(({ limit }) => limit));
    const done = completionTimes(flows, widest);
    const beside = ["hash", BEST] as const;
    return [
      { figure: "mean flow completion time", unit: "ms", value: done.meanMs, beside },
      { figure: "mean flow completion time up to 100 kB", unit: "ms", value: done.miceMeanMs, beside },
      { figure: "99th percentile up to 100 kB", unit: "ms", value: done.miceP99Ms, beside },
      { figure: "mean slow-down to a flow alone", unit: "times", value: done.slowDown, beside },
      ...(bed.limits.length > 1
        ? [{ figure: "spread of the slices", unit: "%", value: spread(loads, bed.limits) }]
        : []),
      { figure: "flows that changed their slice", unit: "times", value: tcp.moves },
      { figure: "TCP segments out of order", unit: "segments", value: outOfOrder },
      { figure: "TCP segments sent once more", unit: "segments", value: retransmitted },
      ...(unfinished > 0 ? [{ figure: "flows left unfinished", unit: "flows", value: unfinished }] : []),
    ];
  },
});
