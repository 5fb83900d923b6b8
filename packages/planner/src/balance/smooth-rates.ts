/** Time in which a change of a bucket's rate is believed by two thirds. */
const MEMORY_S = 1;

/**
 * Rates by bucket, bytes/s: what was known, and the bytes of a look that lasted `seconds`. A vif that sent
 * nothing before is believed at once. Returns a new array.
 */
export function smoothRates(before: Float64Array | undefined, bytes: Float64Array, seconds: number): Float64Array {
  const rates = new Float64Array(bytes.length);
  if (before === undefined) {
    for (let bucket = 0; bucket < bytes.length; bucket++) rates[bucket] = (bytes[bucket] as number) / seconds;
    return rates;
  }
  const part = 1 - Math.exp(-seconds / MEMORY_S);
  let forgotten = 0;
  for (let bucket = 0; bucket < bytes.length; bucket++) {
    const rate = (bytes[bucket] as number) / seconds;
    const known = before[bucket] as number;
    rates[bucket] = known + part * (rate - known);
    forgotten = Math.max(forgotten, rates[bucket] as number);
  }
  // What is left of a flow that ended is noise in the end.
  for (let bucket = 0; bucket < rates.length; bucket++)
    if ((rates[bucket] as number) < forgotten * 1e-6) rates[bucket] = 0;
  return rates;
}
