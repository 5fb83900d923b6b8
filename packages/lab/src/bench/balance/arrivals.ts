import { type FlowSizes, meanBytes, sizeAt } from "./flow-sizes.ts";
import { seededRandom } from "./seeded-random.ts";

/** A flow that is to begin. */
export interface Arrival {
  /** Since the load's beginning. */
  readonly atMs: number;
  readonly bytes: number;
}

/** Flows that come whether or not earlier ones are done. */
export interface OpenLoop {
  readonly sizes: FlowSizes;
  /** Of payload, in the mean of the distribution. */
  readonly bitsPerSecond: number;
  readonly lastsMs: number;
  readonly seed: number;
}

/**
 * Poisson arrivals of flows of a distribution. The sizes are drawn by strata (one of each n-th of the distribution, in
 * random order), so that a short run offers the load it is to offer in spite of the heavy tail.
 */
export function arrivals({ sizes, bitsPerSecond, lastsMs, seed }: OpenLoop): readonly Arrival[] {
  const random = seededRandom(seed);
  const count = Math.max(1, Math.round((bitsPerSecond * lastsMs) / 8e3 / meanBytes(sizes)));
  const drawn = Array.from({ length: count }, (_, stratum) => sizeAt(sizes, (stratum + random()) / count));
  for (let index = count - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [drawn[index], drawn[other]] = [drawn[other] as number, drawn[index] as number];
  }
  // So many arrivals of a Poisson process in a given time lie in it as so many uniform draws.
  const times = drawn.map(() => random() * lastsMs).toSorted((a, b) => a - b);
  return drawn.map((bytes, index) => ({ atMs: times[index] ?? 0, bytes }));
}
