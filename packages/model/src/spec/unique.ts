import type { Raw } from "./raw.ts";
import { formatPath } from "./spec-path.ts";
import type { SpecProblem } from "./spec-problem.ts";

/** Keys that only one thing of the spec may have; the second claim of a key is a problem. */
export class Unique {
  readonly #owners = new Map<string, Raw>();
  readonly #what: string;
  readonly #problems: SpecProblem[];

  /** `what` as in "the MAC". */
  constructor(what: string, problems: SpecProblem[]) {
    this.#what = what;
    this.#problems = problems;
  }

  /** `raw` is where the key stands; `shown` is the key as people know it. */
  claim(key: string, raw: Raw, shown = key): void {
    const owner = this.#owners.get(key);
    if (owner === undefined) this.#owners.set(key, raw);
    else {
      this.#problems.push({
        code: "SPEC_DUPLICATE",
        path: raw.path,
        message: `${JSON.stringify(shown)} is already ${this.#what} at ${formatPath(owner.path)}`,
      });
    }
  }

  has(key: string): boolean {
    return this.#owners.has(key);
  }

  get keys(): readonly string[] {
    return [...this.#owners.keys()];
  }
}
