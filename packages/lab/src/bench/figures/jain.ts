/**
 * Jain's index of fairness (Jain, Chiu, Hawe 1984): (sum x)^2 / (n sum x^2); 1 when all are equal, 1/n
 * when one has all. With weights, of what each got per weight. Throws RangeError without a value.
 */
export function jain(values: readonly number[], weights: readonly number[] = []): number {
  if (values.length === 0) throw new RangeError("fairness needs somebody");
  const parts = values.map((value, index) => value / (weights[index] ?? 1));
  const sum = parts.reduce((total, part) => total + part, 0);
  const squares = parts.reduce((total, part) => total + part * part, 0);
  return squares === 0 ? 1 : (sum * sum) / (parts.length * squares);
}
