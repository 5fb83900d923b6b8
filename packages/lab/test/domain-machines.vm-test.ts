import { expect, test } from "vitest";
import { findScenario } from "../src/scenario/find-scenario.ts";
import { brokenPromises, runQuietly } from "./run-quietly.ts";

async function keepsItsPromises(name: string): Promise<void> {
  const broken = brokenPromises(await runQuietly(findScenario(name)));
  expect(broken, broken).toBe("");
}

test("whatever becomes of a virtual machine, other domains lose nothing and its slices come back", () =>
  keepsItsPromises("domain-vm"));
test("a spare takes over, and another one stands by", () => keepsItsPromises("domain-spare"));
