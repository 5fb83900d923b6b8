/**
 * The most bytes in any `span` consecutive windows; of all of them where there are fewer. 0 without
 * windows. Throws RangeError for a span below 1.
 */
export function mostIn(bytes: readonly number[], span: number): number {
  if (!(span >= 1)) throw new RangeError("a span has at least one window");
  let sum = 0;
  let most = 0;
  for (const [index, value] of bytes.entries()) {
    sum += value - (index >= span ? (bytes[index - span] ?? 0) : 0);
    if (sum > most) most = sum;
  }
  return most;
}

/** By how many % `bytes` within `spanNs` exceed a limit; below 0: they do not. */
export const overLimit = (bytes: number, spanNs: number, limitBitsPerSecond: number): number =>
  ((bytes * 8e9) / spanNs / limitBitsPerSecond - 1) * 100;
