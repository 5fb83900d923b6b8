/** Below it a number is taken for zero; the problems here are scaled to about 1. */
const EPSILON = 1e-11;
const MAX_PIVOTS = 10_000;

/** A row `sum of coefficients x variables <= most`; `most` is not negative, so all zeros is a solution. */
export interface Row {
  readonly coefficients: readonly number[];
  readonly most: number;
}

/**
 * Values of variables, none negative, that make `objective` greatest and keep every row: the primal
 * simplex method on a dense tableau with Bland's rule (which cannot cycle), made for tens of rows.
 * Throws RangeError where nothing bounds the objective.
 */
export function maximise(objective: readonly number[], rows: readonly Row[]): readonly number[] {
  const count = objective.length;
  const width = count + rows.length + 1;
  const tableau = rows.map(({ coefficients, most }, row) => {
    const line = new Float64Array(width);
    line.set(coefficients);
    line[count + row] = 1;
    line[width - 1] = most;
    return line;
  });
  const costs = new Float64Array(width);
  costs.set(objective);
  const basis = rows.map((_, row) => count + row);
  for (let pivots = 0; pivots < MAX_PIVOTS; pivots++) {
    const column = costs.subarray(0, width - 1).findIndex((cost) => cost > EPSILON);
    if (column < 0) break;
    const row = leavingRow(tableau, basis, column);
    if (row === undefined) throw new RangeError("nothing bounds the objective");
    pivot(tableau, costs, row, column);
    basis[row] = column;
  }
  const values = objective.map(() => 0);
  for (const [row, variable] of basis.entries()) {
    if (variable < count) values[variable] = Math.max(0, tableau[row]?.[width - 1] ?? 0);
  }
  return values;
}

/** The row that bounds the growth of `column` first; of equals the one with the lowest variable. */
function leavingRow(tableau: readonly Float64Array[], basis: readonly number[], column: number): number | undefined {
  let best: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [row, line] of tableau.entries()) {
    const factor = line[column] ?? 0;
    if (factor <= EPSILON) continue;
    const bound = (line.at(-1) ?? 0) / factor;
    const sooner = bound < least - EPSILON;
    const earlier = best !== undefined && bound <= least + EPSILON && (basis[row] ?? 0) < (basis[best] ?? 0);
    if (!sooner && !earlier) continue;
    best = row;
    least = Math.min(least, bound);
  }
  return best;
}

function pivot(tableau: readonly Float64Array[], costs: Float64Array, row: number, column: number): void {
  const line = tableau[row];
  if (line === undefined) return;
  const divisor = line[column] ?? 1;
  for (let i = 0; i < line.length; i++) line[i] = (line[i] ?? 0) / divisor;
  for (const other of [...tableau, costs]) {
    const factor = other === line ? 0 : (other[column] ?? 0);
    if (factor === 0) continue;
    for (let i = 0; i < other.length; i++) other[i] = (other[i] ?? 0) - factor * (line[i] ?? 0);
  }
}
