import { balanceSuite } from "./balance/balance-suite.ts";
import { bondingSuite } from "./bonding/bonding-suite.ts";
import { capSuite } from "./cap/cap-suite.ts";
import { churnSuite } from "./churn/churn-suite.ts";
import { failoverSuite } from "./failover/failover-suite.ts";
import { latencySuite } from "./latency/latency-suite.ts";
import { pathSuite } from "./path/path-suite.ts";
import { precisionSuite } from "./precision/precision-suite.ts";
import { queuesSuite } from "./queues/queues-suite.ts";
import { recoverySuite } from "./recovery/recovery-suite.ts";
import { scaleSuite } from "./scale/scale-suite.ts";
import { sharingSuite } from "./sharing/sharing-suite.ts";
import type { Suite } from "./suite.ts";

export type { BenchRow } from "./bench-row.ts";
export type { Suite, SuiteOptions } from "./suite.ts";

/** What `gona bench` knows. */
export const SUITES: readonly Suite[] = [
  precisionSuite,
  sharingSuite,
  latencySuite,
  queuesSuite,
  churnSuite,
  capSuite,
  pathSuite,
  balanceSuite,
  failoverSuite,
  recoverySuite,
  bondingSuite,
  scaleSuite,
];
