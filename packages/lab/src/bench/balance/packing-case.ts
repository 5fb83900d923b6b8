import { setTimeout as delay } from "node:timers/promises";
import type { LoadSource } from "../load/load-plan.ts";
import { RunningLoad } from "../load/running-load.ts";
import type { BalanceBed } from "./balance-bed.ts";
import { type BalanceCase, firstPort, mean, meanRates, seconds, sum, type Times } from "./balance-case.ts";
import { PEERS } from "./balance-spec.ts";
import { elephantRates } from "./elephant-rates.ts";
import { bestPacking, fullest, spread } from "./packing.ts";
import { atMost, type Figure } from "./results.ts";

const ELEPHANTS = 12;
const LOAD = 0.75;
const INBOUND_LOAD = 0.6;
/** L2 bytes of a full TCP segment with time stamps to its payload, by which flows are paced. */
const HEADERS = 1514 / 1448;

/** Elephants that want a rate of their own each: how full the fullest slice is, against the best packing. */
export const packingCase: BalanceCase = {
  name: `${ELEPHANTS} elephants at ${LOAD * 100} % of the sum`,
  variants: ["flowlet", "hash"],
  measure(bed, round, times) {
    const rates = elephantRates(ELEPHANTS, LOAD * sum(bed.limits), bed.limits, round + 1);
    const sources = rates.map((rate, index) => bed.outward(1, firstPort(round) + index, rate / HEADERS));
    return measurePacking(bed, "egress", sources, rates, times);
  },
};

/** Peers that send to the guest at rates of their own: by whose NIC they come. */
export const inboundCase: BalanceCase = {
  name: `${PEERS} peers send at ${INBOUND_LOAD * 100} % of the sum`,
  variants: ["flowlet", "hash"],
  async measure(bed, round, times) {
    const rates = elephantRates(PEERS, INBOUND_LOAD * sum(bed.limits), bed.limits, round + 11);
    await bed.relearn();
    const sources = rates.map((rate, peer) => bed.inward(peer, firstPort(round) + peer, rate / HEADERS));
    return measurePacking(bed, "ingress", sources, rates, times);
  },
};

/** `rates`: what the sources send, L2 bit/s. */
async function measurePacking(
  bed: BalanceBed,
  direction: "egress" | "ingress",
  sources: readonly LoadSource[],
  rates: readonly number[],
  times: Times,
): Promise<readonly Figure[]> {
  const { limits } = bed;
  const load = await RunningLoad.start(bed.loadHost, "elephants", sources);
  await delay(seconds(times, 3, 3));
  const looks = await bed.watch(direction, seconds(times, 4, 2), times.signal);
  await load.stop();
  // By the second, and then the mean: flows that go to and fro between two bad packings are no good one.
  const apart = mean(looks.map((look) => spread(look, limits)));
  const full = mean(looks.map((look) => fullest(look, limits)));
  const least = spread(bestPacking(rates, limits, spread), limits);
  const emptiest = fullest(bestPacking(rates, limits, fullest), limits);
  return [
    {
      ...{ figure: "spread beyond that of the best packing", unit: "%", value: apart - least },
      ...{ aim: atMost(10, "flowlet"), beside: ["hash"] },
    },
    { figure: "fullest slice beyond that of the best packing", unit: "%", value: (full / emptiest - 1) * 100 },
    { figure: "of what was to be sent", unit: "%", value: (sum(meanRates(looks)) / sum(rates)) * 100 },
  ];
}
