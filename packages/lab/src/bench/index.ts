import { pathSuite } from "./path/path-suite.ts";
import type { Suite } from "./suite.ts";

export type { BenchRow } from "./bench-row.ts";
export type { Suite, SuiteOptions } from "./suite.ts";

/** What `gona bench` knows. */
export const SUITES: readonly Suite[] = [pathSuite];
