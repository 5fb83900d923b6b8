/**
 * When a rate has come to stay: milliseconds from the first window to the end of the last stretch of
 * `span` windows whose mean is off `target` (bytes a window) by more than `within` (a part of 1); 0 when
 * none is off.
 */
export function settleMs(
  bytes: readonly number[],
  { target, within, span, windowMs }: { target: number; within: number; span: number; windowMs: number },
): number {
  let settled = 0;
  for (let end = span; end <= bytes.length; end++) {
    const mean = bytes.slice(end - span, end).reduce((sum, value) => sum + value, 0) / span;
    if (Math.abs(mean / target - 1) > within) settled = end;
  }
  return settled * windowMs;
}
