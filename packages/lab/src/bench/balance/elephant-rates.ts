import { between, sizeAt, WEB_SEARCH } from "./flow-sizes.ts";
import { bestPacking, fullest } from "./packing.ts";
import { seededRandom } from "./seeded-random.ts";

/** A best packing that is fuller than this would leave no room to tell a worse one from. */
const FULLEST = 0.88;
const TRIES = 1000;

/**
 * Rates of elephants, in proportion to flows of the web-search distribution above 1 MB, together `bitsPerSecond`; drawn
 * until they can be packed with room. Throws RangeError where they never can.
 */
export function elephantRates(
  count: number,
  bitsPerSecond: number,
  limits: readonly number[],
  seed: number,
): readonly number[] {
  const random = seededRandom(seed);
  const elephants = between(WEB_SEARCH, 1_000_000, 30_000_000);
  for (let tries = 0; tries < TRIES; tries++) {
    const sizes = Array.from({ length: count }, () => sizeAt(elephants, random()));
    const all = sizes.reduce((sum, size) => sum + size, 0);
    const rates = sizes.map((size) => (size / all) * bitsPerSecond);
    if (fullest(bestPacking(rates, limits, fullest), limits) <= FULLEST) return rates;
  }
  throw new RangeError(`${count} elephants of ${bitsPerSecond} bit/s do not fit on ${limits.join(" + ")} bit/s`);
}
