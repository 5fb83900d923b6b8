import { readFileSync } from "node:fs";
import { EMPTY_HUB, plan } from "@gona/planner";
import { expect, test } from "vitest";
import {
  formatHub,
  GOLDEN_CASES,
  GOLDEN_DOMAIN,
  GOLDEN_HUB,
  GOLDEN_LINKS,
  goldenFile,
  goldenPlacements,
  goldenSpec,
} from "./golden-state.ts";
import { specOf, TestHub, wantedOf } from "./test-hub.ts";
import { withQuality } from "./with-quality.ts";

test.for(GOLDEN_CASES)("$name: the real kernel's whole state is the golden text of the fake one", async (golden) => {
  const { name, spec, quality } = golden;
  using hub = await TestHub.make(GOLDEN_HUB, GOLDEN_LINKS);
  hub.addDomain("dd-a", GOLDEN_DOMAIN);
  for (const link of golden.placed ?? []) await hub.kernel.run([{ op: "linkMove", link, netns: GOLDEN_DOMAIN }]);
  using plane = hub.open();
  const desired = withQuality(
    wantedOf(specOf(goldenSpec(spec)), { links: GOLDEN_LINKS, placements: goldenPlacements(golden) }),
    quality,
  );
  await plane.execute(plan(plane.observe(), desired));
  expect(plane.observe()).toEqual(desired);
  expect(formatHub(hub.kernel)).toBe(readFileSync(goldenFile(name), "utf8"));
  await plane.execute(plan(desired, EMPTY_HUB));
  expect(plane.observe()).toEqual(EMPTY_HUB);
});
