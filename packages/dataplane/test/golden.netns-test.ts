import { readFileSync } from "node:fs";
import { plan } from "@gona/planner";
import { expect, test } from "vitest";
import { formatHub, GOLDEN_CASES, GOLDEN_HUB, GOLDEN_LINKS, goldenFile, goldenSpec } from "./golden-state.ts";
import { specOf, TestHub, wantedOf } from "./test-hub.ts";

test.for(GOLDEN_CASES)("%s: the real kernel's whole state is the golden text of the fake one", async (name) => {
  using hub = await TestHub.make(GOLDEN_HUB, GOLDEN_LINKS);
  using plane = hub.open();
  const desired = wantedOf(specOf(goldenSpec(name)), { links: GOLDEN_LINKS });
  await plane.execute(plan(plane.observe(), desired));
  expect(formatHub(hub.kernel)).toBe(readFileSync(goldenFile(name), "utf8"));
});
