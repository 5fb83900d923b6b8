import { setTimeout as delay } from "node:timers/promises";
import { mostIn, overLimit } from "../figures/window-peak.ts";
import { RunningLoad } from "../load/running-load.ts";
import { measureRates, runDry } from "../qos-bed/measure-rates.ts";
import { LOOKS, lookAtQueues } from "../qos-bed/queue-looks.ts";
import { type Batch, RATES } from "./cells.ts";
import { nicName, type Shaper } from "./shapers.ts";

export interface Measured {
  /** Index into RATES. */
  readonly rate: number;
  /** Of the long-run rate at the far end, % of the limit. */
  readonly error: number;
  /** By how many % the fullest second exceeded the limit, the first one included. */
  readonly secondOver: number;
  /** The same of the fullest 10 ms. */
  readonly peakOver: number;
  /** False: the sender was too slow for the limit, so that its rate says nothing. */
  readonly filled: boolean;
}

const WINDOW_NS = 10_000_000;
const WINDOWS_OF_SECOND = 100;
/** A little less than OFFERED: the sender's reports are a tick apart. */
const OFFERS_AT_LEAST = 1.1;

/** All rates of a batch at once, by one shaper. */
export async function measureBatch(shaper: Shaper, batch: Batch): Promise<readonly Measured[]> {
  const { bed } = shaper;
  const { direction, traffic, windowMs } = batch;
  const limits = batch.rates.map((rate) => (RATES[rate] ?? 0) * 1e6);
  const flows = batch.rates.map((rate) =>
    direction === "egress" ? bed.egressFlow(rate, nicName(rate)) : bed.ingressFlow(rate),
  );
  const sources = batch.rates.map((rate, index) => bed.source(rate, direction, traffic.kind(limits[index] ?? 0)));
  await using load = await RunningLoad.prepare(bed.loadHost, "load", sources);
  for (const flow of flows) bed.bed.farEnd.startWindows(flow, BigInt(WINDOW_NS));
  load.go();
  await delay(batch.settleMs);
  const fromMs = Date.now();
  const [rates, waiting] = await Promise.all([
    measureRates(bed, flows, windowMs),
    lookAtQueues(
      bed,
      windowMs,
      batch.rates.map((rate) => (link: string) => shaper.hasQueue(link, direction, rate)),
    ),
  ]);
  const toMs = Date.now();
  const windows = flows.map((flow) => bed.bed.farEnd.windows(flow)?.bytes ?? []);
  await load.stop();
  await runDry(bed, flows);
  for (const flow of flows) bed.bed.farEnd.stopWindows(flow);
  return batch.rates.map((rate, index) => {
    const limit = limits[index] ?? 0;
    const bytes = windows[index] ?? [];
    const found = waiting[index] ?? 0;
    // UDP must find a queue each time; TCP goes by what it finds, but one that never waited had nothing to wait for.
    const udp = sources[index]?.kind === "udp";
    const offers = !udp || (load.offeredBitsPerSecond(index, fromMs, toMs) ?? 0) > limit * OFFERS_AT_LEAST;
    const filled = offers && found >= (udp ? LOOKS : 1);
    return {
      rate,
      error: ((rates[index] ?? 0) / limit - 1) * 100,
      secondOver: overLimit(mostIn(bytes, WINDOWS_OF_SECOND), WINDOWS_OF_SECOND * WINDOW_NS, limit),
      peakOver: overLimit(mostIn(bytes, 1), WINDOW_NS, limit),
      filled,
    };
  });
}
