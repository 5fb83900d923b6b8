import { setTimeout as delay } from "node:timers/promises";
import { RunningLoad } from "../load/running-load.ts";
import { type BalanceCase, firstPort, meanRates, seconds, sum } from "./balance-case.ts";
import type { Shape, Variant } from "./balance-spec.ts";
import { ordersBetween } from "./order-book.ts";
import { atLeast } from "./results.ts";

/** Flows that send all they can: what they get of the sum of the slices. */
export const greedyCase = (flows: number, variants: readonly Variant[], shapes?: readonly Shape[]): BalanceCase => ({
  name: `${flows === 1 ? "one TCP flow" : `${flows} TCP flows`} without an end`,
  variants,
  ...(shapes !== undefined && { shapes }),
  async measure(bed, round, times) {
    const before = await bed.orders.read();
    const load = await RunningLoad.start(bed.loadHost, "greedy", [bed.outward(flows, firstPort(round) + 500)]);
    await delay(seconds(times, 1.5, 1.5));
    const carried = meanRates(await bed.watch("egress", seconds(times, 3, 2), times.signal));
    await load.stop();
    const { outOfOrder, tcp } = ordersBetween(before, await bed.orders.read());
    return [
      {
        ...{ figure: "of the sum of the slices", unit: "%", value: (sum(carried) / sum(bed.limits)) * 100 },
        ...(flows > 1 && { aim: atLeast(97, "flowlet"), beside: ["hash"] as const }),
      },
      { figure: "flows that changed their slice", unit: "times", value: tcp.moves },
      { figure: "TCP segments out of order", unit: "segments", value: outOfOrder },
    ];
  },
});
