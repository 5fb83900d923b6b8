import { type NicId, nicId, parseSpec } from "@gona/model";
import { applySteps, desiredState, EMPTY_HUB, type HubState, plan } from "@gona/planner";
import { describe, expect, test } from "vitest";
import { executeSteps, fakeHubKernel, observe } from "../src/index.ts";

const SPEC = `
apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit, fabric: rack }
  - { name: eth2, capacity: 1Gbit, fabric: rack }
guests:
  - name: web1
    vif: { device: vnet0, mac: "52:54:00:aa:00:01", addresses: [10.0.0.11, "fd00::11"], vlan: 20 }
    aggregate:
      slices:
        - { nic: eth1, egress: { reserve: 300Mbit, limit: 1Gbit, shares: 200 } }
        - { nic: eth2, egress: { reserve: 10%, limit: 50% } }
  - name: db1
    vif: { create: { netns: db1, name: eth0 }, mac: "52:54:00:aa:00:02" }
    aggregate: { slices: [{ nic: eth2, egress: { limit: 100Mbit } }] }
`;

const { spec } = parseSpec(SPEC, { file: "test.yaml" });
const up: ReadonlySet<NicId> = new Set([nicId("eth1"), nicId("eth2")]);

function hub() {
  const kernel = fakeHubKernel({ namespaces: ["db1"] });
  for (const name of ["eth1", "eth2"]) kernel.addLink({ name });
  kernel.addLink({ name: "vnet0", kind: "tun", up: true });
  const wanted = (observed: HubState = EMPTY_HUB, nicsUp = up) =>
    desiredState({ spec, observed, inventory: { links: new Set(kernel.links().map(({ name }) => name)), nicsUp } }).hub;
  return { kernel, wanted };
}

describe("executors and observe", () => {
  test("what was carried out is what is observed", async () => {
    const { kernel, wanted } = hub();
    const desired = wanted();
    const steps = plan(observe(kernel), desired);
    expect(new Set(steps.map(({ facet }) => facet)).size).toBe(10);
    const told: unknown[] = [];
    await executeSteps(kernel, steps, { onStep: (step) => told.push(step) });
    expect(told).toEqual(steps);
    expect(observe(kernel)).toEqual(desired);
    expect(applySteps(EMPTY_HUB, steps)).toEqual(desired);
  });
});
