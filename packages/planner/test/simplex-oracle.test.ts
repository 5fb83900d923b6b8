import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { maximise } from "../src/want/simplex.ts";
import { loadSolver, type Solver } from "./survival-oracle.ts";

let solver: Solver;
beforeAll(async () => {
  solver = await loadSolver();
});

/** Small whole numbers and many zeros: rows that meet in one point, where a simplex may go in circles. */
const program = fc.integer({ min: 1, max: 6 }).chain((width) => {
  const numbers = fc.array(fc.constantFrom(0, 0, 1, 2, -1, 3), { minLength: width, maxLength: width });
  return fc.record({
    objective: numbers,
    rows: fc.array(fc.record({ coefficients: numbers, most: fc.constantFrom(0, 0, 1, 4) }), { maxLength: 10 }),
  });
});

const terms = (coefficients: readonly number[]): string =>
  coefficients
    .map((coefficient, index) => `${coefficient < 0 ? "-" : "+"} ${Math.abs(coefficient)} x${index}`)
    .join(" ");

it("maximise() finds what an exact solver finds, and keeps every row", () => {
  fc.assert(
    fc.property(program, ({ objective, rows: given }) => {
      // All together bounded, so that there is a greatest.
      const rows = [...given, { coefficients: objective.map(() => 1), most: 10 }];
      const values = maximise(objective, rows);
      const dot = (coefficients: readonly number[]) =>
        coefficients.reduce((sum, coefficient, index) => sum + coefficient * (values[index] ?? 0), 0);
      for (const value of values) expect(value).toBeGreaterThanOrEqual(0);
      for (const { coefficients, most } of rows) expect(dot(coefficients)).toBeLessThanOrEqual(most + 1e-9);
      const lines = rows.map(({ coefficients, most }, index) => ` c${index}: ${terms(coefficients)} <= ${most}`);
      const text = `Maximize\n obj: ${terms(objective)}\nSubject To\n${lines.join("\n")}\nEnd\n`;
      expect(dot(objective)).toBeCloseTo(solver.solve(text).ObjectiveValue, 6);
    }),
    { numRuns: 500 },
  );
});

it("maximise() says so where nothing bounds the objective", () => {
  expect(() => maximise([1], [{ coefficients: [-1], most: 0 }])).toThrow(RangeError);
});
