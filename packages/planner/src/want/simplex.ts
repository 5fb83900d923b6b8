/** Below it a number is taken for zero; the problems here are scaled to about 1. */
const EPSILON = 1e-10;
/** What rounding leaves of a zero; taken away after each pivot, or it adds up. */
const DUST = 1e-13;
/** After so many steepest pivots Bland's rule takes over, which is slower and cannot cycle. */
const STEEPEST_PIVOTS = 200;
/** Many times what these programs take; what is reached by then keeps every row, if it is not the best. */
const MAX_PIVOTS = 2000;

/** A row `sum of coefficients x variables <= most`; `most` is not negative, so all zeros is a solution. */
export interface Row {
  readonly coefficients: readonly number[];
  readonly most: number;
}

/**
 * Values of variables, none negative, that make `objective` greatest and keep every row: the primal
 * simplex method on a dense tableau, made for tens of rows.
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
    const column = enteringColumn(costs, pivots < STEEPEST_PIVOTS);
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

/** A variable whose growth is a gain: the steepest, or by Bland's rule the first; -1: there is none. */
function enteringColumn(costs: Float64Array, steepest: boolean): number {
  let best = -1;
  for (let column = 0; column < costs.length - 1; column++) {
    if ((costs[column] ?? 0) <= EPSILON || (costs[column] ?? 0) <= (costs[best] ?? 0)) continue;
    best = column;
    if (!steepest) break;
  }
  return best;
}

/** The row that bounds the growth of `column` first; of equals the one with the lowest variable. */
function leavingRow(tableau: readonly Float64Array[], basis: readonly number[], column: number): number | undefined {
  let best: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [row, line] of tableau.entries()) {
    const factor = line[column] ?? 0;
    if (factor <= EPSILON) continue;
    const bound = (line.at(-1) ?? 0) / factor;
    if (bound > least || (bound === least && (basis[row] ?? 0) > (basis[best ?? row] ?? 0))) continue;
    best = row;
    least = bound;
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
    for (let i = 0; i < other.length; i++) {
      const value = (other[i] ?? 0) - factor * (line[i] ?? 0);
      other[i] = Math.abs(value) < DUST ? 0 : value;
    }
    other[column] = 0;
  }
}
