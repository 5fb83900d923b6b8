import { EMPTY_HUB, plan } from "@gona/planner";
import { expect, test } from "vitest";
import { executeSteps, fakeHubKernel, observe } from "../src/index.ts";
import { QUALITY_SPECS } from "./planned-quality.ts";
import { specOf, wantedOf } from "./test-hub.ts";

const NAMES = Object.keys(QUALITY_SPECS);
const links = ["eth1", "eth2", "vnet0", "vnet1"];

test.each(NAMES.flatMap((from) => NAMES.map((to) => [from, to] as const)))(
  "what the planner makes of %s and then of %s is what is observed, and nothing is left to do",
  async (from, to) => {
    const kernel = fakeHubKernel();
    for (const name of links) kernel.addLink({ name, ...(name.startsWith("v") ? { kind: "tun" } : {}) });
    for (const [name, dead, fqCodel] of [
      [from, [], false],
      [to, ["eth1"], false],
      [to, [], false],
      [from, [], true],
      [to, [], true],
      [to, [], false],
    ] as const) {
      const wanted = () =>
        wantedOf(specOf(QUALITY_SPECS[name] ?? ""), { links, observed: observe(kernel), dead, fqCodel });
      const desired = wanted();
      await executeSteps(kernel, plan(observe(kernel), desired));
      expect(observe(kernel)).toEqual(desired);
      // A daemon that starts anew, without memory, leaves it alone.
      expect(plan(observe(kernel), wanted())).toEqual([]);
    }
    await executeSteps(kernel, plan(observe(kernel), EMPTY_HUB));
    expect(observe(kernel)).toEqual(EMPTY_HUB);
  },
);
