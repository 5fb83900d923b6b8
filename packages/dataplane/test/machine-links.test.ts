import { MACHINE_LABEL, TRUNK_PREFIX } from "@gona/model";
import { EMPTY_HUB, plan } from "@gona/planner";
import { expect, test } from "vitest";
import { executeSteps, fakeHubKernel, observe } from "../src/index.ts";

test("a pair that waits for a virtual machine is nobody's leftover, one without a label is", async () => {
  const kernel = fakeHubKernel({ namespaces: [], vifSlots: 16 });
  const [machines, left] = [`${TRUNK_PREFIX}eth1`, `${TRUNK_PREFIX}eth2`];
  await kernel.run([
    { op: "vethPairCreate", link: machines, peer: "gx-eth1", mtu: 1500 },
    { op: "linkSet", link: machines, alias: `${MACHINE_LABEL}dd-vm eth1` },
    { op: "vethPairCreate", link: left, peer: "gx-eth2", mtu: 1500 },
  ]);
  await executeSteps(kernel, plan(observe(kernel), EMPTY_HUB));
  expect(kernel.link(machines)).toBeDefined();
  expect(kernel.link(left)).toBeUndefined();
});
