/** A time, milliseconds since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How much of `whole` lies in at least one of the `parts`, milliseconds. The parts may overlap, in any order. */
export function coveredMs(whole: Span, parts: readonly Span[]): number {
  const inside = parts
    .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, whole.fromMs), toMs: Math.min(toMs, whole.toMs) }))
    .filter(({ fromMs, toMs }) => toMs > fromMs)
    .sort((a, b) => a.fromMs - b.fromMs);
  let [covered, untilMs] = [0, whole.fromMs];
  for (const { fromMs, toMs } of inside) {
    covered += Math.max(0, toMs - Math.max(fromMs, untilMs));
    untilMs = Math.max(untilMs, toMs);
  }
  return covered;
}
