import { PlacedKernel } from "@gona/kernel";
import { plan } from "@gona/planner";
import { expect, test } from "vitest";
import { executeSteps, fakeHubKernel, observe } from "../src/index.ts";
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
import { specOf, wantedOf } from "./test-hub.ts";
import { withQuality } from "./with-quality.ts";

test.for(GOLDEN_CASES)("$name: the fake kernel's whole state is the golden text", async (golden) => {
  const { name, spec, quality, placed = [] } = golden;
  const hub = fakeHubKernel({ namespaces: [`gona-l-${GOLDEN_HUB}-far`] });
  const kernel = new PlacedKernel(hub);
  const domain = hub.enter(GOLDEN_DOMAIN);
  kernel.setDomain("dd-a", domain);
  for (const link of GOLDEN_LINKS) {
    (placed.includes(link) ? domain : hub).addLink({ name: link, kind: "veth", peerElsewhere: true, up: true });
  }
  const placements = goldenPlacements(golden);
  const desired = withQuality(wantedOf(specOf(goldenSpec(spec)), { links: GOLDEN_LINKS, placements }), quality);
  await executeSteps(kernel, plan(observe(kernel), desired));
  expect(observe(kernel)).toEqual(desired);
  await expect(formatHub(kernel)).toMatchFileSnapshot(goldenFile(name));
});
