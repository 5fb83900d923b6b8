/**
 * The largest relative deviation of a part of the whole from the part that its weight gives, in %. What
 * all got together is the whole. Throws RangeError without a value.
 */
export function shareError(values: readonly number[], weights: readonly number[]): number {
  if (values.length === 0 || values.length !== weights.length) throw new RangeError("each value needs a weight");
  const whole = values.reduce((total, value) => total + value, 0);
  const weight = weights.reduce((total, value) => total + value, 0);
  if (whole === 0) return 100;
  return Math.max(
    ...values.map((value, index) => Math.abs(value / ((whole * (weights[index] ?? 0)) / weight) - 1) * 100),
  );
}
