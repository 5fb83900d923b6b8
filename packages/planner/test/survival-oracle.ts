import highs from "highs";
import type { Wish } from "../src/want/share-out.ts";

// The package's types describe its CommonJS face; what is imported here is the function itself.
const load = highs as unknown as typeof highs.default;

/** An exact solver of linear programs; loading it takes a tenth of a second. */
export type Solver = Awaited<ReturnType<typeof load>>;
export const loadSolver = (): Promise<Solver> => load();

/**
 * The most that guest `grown` can have reserved while each other one has at least `floors` of it, or
 * undefined where they cannot. Written out guest by guest and NIC by NIC, without any of the
 * reasoning of survival-caps.ts: x_g_i is what NIC i holds of guest g, and for every set of `survive`
 * NICs the rest must hold the reservation.
 */
export function mostFor(
  solver: Solver,
  rooms: readonly number[],
  wishes: readonly Wish[],
  floors: readonly number[],
  grown: number,
): number | undefined {
  const unit = 1e6; // Mbit/s, so that the solver's tolerances mean nothing
  const rows: string[] = [];
  for (const [g, { survive }] of wishes.entries()) {
    for (const lost of subsets(rooms.length, survive)) {
      const kept = rooms.flatMap((_, i) => (lost.includes(i) ? [] : [`x${g}_${i}`]));
      rows.push(
        g === grown ? `${kept.join(" + ")} - t >= 0` : `${kept.join(" + ")} >= ${((floors[g] ?? 0) / unit).toFixed(9)}`,
      );
    }
  }
  for (const [i, room] of rooms.entries()) {
    rows.push(`${wishes.map((_, g) => `x${g}_${i}`).join(" + ")} <= ${(room / unit).toFixed(9)}`);
  }
  const problem = `Maximize\n obj: t\nSubject To\n${rows.map((row, index) => ` c${index}: ${row}`).join("\n")}\nEnd\n`;
  const { Status, ObjectiveValue } = solver.solve(problem);
  return Status === "Optimal" ? ObjectiveValue * unit : undefined;
}

/** Every set of `size` numbers below `count`. */
function subsets(count: number, size: number, from = 0): readonly (readonly number[])[] {
  if (size === 0) return [[]];
  const all: (readonly number[])[] = [];
  for (let first = from; first < count; first++) {
    for (const rest of subsets(count, size - 1, first + 1)) all.push([first, ...rest]);
  }
  return all;
}
