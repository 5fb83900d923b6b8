import { expect, it } from "vitest";
import { SUITES } from "./index.ts";

it("offers each suite under a name of its own, with a line about it", () => {
  expect(SUITES.map(({ name }) => name)).toEqual([
    "precision",
    "sharing",
    "latency",
    "queues",
    "churn",
    "cap",
    "path",
    "balance",
    "failover",
    "recovery",
    "bonding",
    "scale",
  ]);
  for (const { about } of SUITES) expect(about.length).toBeGreaterThan(20);
});
