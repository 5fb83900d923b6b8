import type { BenchRow } from "./bench-row.ts";

export interface SuiteOptions {
  /** Fewer and shorter rounds: shows that the suite works; its figures are noisy. */
  readonly quick: boolean;
  /** One line of progress. */
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** A set of figures that are measured side by side in one run. */
export interface Suite {
  readonly name: string;
  readonly about: string;
  run(options: SuiteOptions): Promise<readonly BenchRow[]>;
}
