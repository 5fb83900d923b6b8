import { plan } from "@gona/planner";
import { expect, test } from "vitest";
import { executeSteps, fakeHubKernel, observe } from "../src/index.ts";
import { formatHub, GOLDEN_CASES, GOLDEN_HUB, GOLDEN_LINKS, goldenFile, goldenSpec } from "./golden-state.ts";
import { specOf, wantedOf } from "./test-hub.ts";
import { withQuality } from "./with-quality.ts";

test.for(GOLDEN_CASES)("$name: the fake kernel's whole state is the golden text", async ({ name, spec, quality }) => {
  const kernel = fakeHubKernel({ namespaces: [`gona-l-${GOLDEN_HUB}-far`] });
  for (const link of GOLDEN_LINKS) kernel.addLink({ name: link, kind: "veth", peerElsewhere: true, up: true });
  const desired = withQuality(wantedOf(specOf(goldenSpec(spec)), { links: GOLDEN_LINKS }), quality);
  await executeSteps(kernel, plan(observe(kernel), desired));
  expect(observe(kernel)).toEqual(desired);
  await expect(formatHub(kernel)).toMatchFileSnapshot(goldenFile(name));
});
