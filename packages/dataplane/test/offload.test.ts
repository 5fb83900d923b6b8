import type { FakeKernel } from "@gona/kernel";
import { type NicId, nicId } from "@gona/model";
import { desiredState, type HubState, plan } from "@gona/planner";
import { expect, test } from "vitest";
import { executeSteps, fakeHubKernel, observe } from "../src/index.ts";
import { formatHub, goldenFile } from "./golden-state.ts";
import { specOf } from "./test-hub.ts";

const LINKS = ["eth1", "eth2", "vnet0"];
const spec = (offload: string, guests = true): string => `
apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit, fabric: rack, offload: ${offload} }
  - { name: eth2, capacity: 1Gbit, fabric: rack }
guests:${
  guests
    ? `
  - name: web1
    vif: { device: vnet0, mac: "52:54:00:aa:00:01" }
    aggregate:
      classes: [{ name: voice, match: { dscp: [ef] }, reserve: 20Mbit }]
      slices:
        - { nic: eth1, egress: { reserve: 3%, limit: 1Gbit, shares: 200 }, ingress: { limit: 2Gbit } }
        - { nic: eth2, egress: { reserve: 10%, limit: 50% } }`
    : " []"
}
`;

/** Only eth1 carries trees out. */
function hub(): FakeKernel {
  const kernel = fakeHubKernel({ namespaces: [], vifSlots: 16 });
  for (const name of LINKS) kernel.addLink({ name, up: true, tcOffload: name === "eth1" });
  return kernel;
}

function wanted(kernel: FakeKernel, text: string, offering: readonly NicId[] = [nicId("eth1")]): HubState {
  const host = specOf(text);
  const nicsUp = new Set<NicId>(host.nics.map(({ name }) => name));
  const links = new Set(kernel.links().map(({ name }) => name));
  const inventory = { links, nicsUp, nicsOffload: new Set(offering) };
  return desiredState({ spec: host, observed: observe(kernel), inventory }).hub;
}

async function reach(kernel: FakeKernel, to: HubState): Promise<void> {
  await executeSteps(kernel, plan(observe(kernel), to));
  expect(observe(kernel)).toEqual(to);
}

test("a NIC that offers it carries its egress tree out: without pacers, quanta and overhead", async () => {
  const kernel = hub();
  await reach(kernel, wanted(kernel, spec("auto")));
  await expect(formatHub(kernel)).toMatchFileSnapshot(goldenFile("offload"));
  // What comes in is shaped on a veth, which no NIC carries out.
  const offloaded = (link: string) => kernel.classes(link).every(({ htb }) => htb.offload === true);
  expect([offloaded("eth1"), offloaded("eth2"), offloaded("gq-in-eth1")]).toEqual([true, false, false]);
  expect(plan(observe(kernel), wanted(kernel, spec("auto")))).toEqual([]);
});

test("auto leaves a NIC that does not offer it as it was", async () => {
  const kernel = hub();
  await reach(kernel, wanted(kernel, spec("auto"), []));
  expect(kernel.classes("eth1").some(({ htb }) => htb.offload)).toBe(false);
});

test("any state reaches any other, guests coming and going in the same plan", async () => {
  const kernel = hub();
  const states = [
    ["on", true],
    ["off", true],
    ["on", false],
    ["off", true],
    ["on", true],
    ["off", false],
  ] as const;
  for (const [offload, guests] of states) await reach(kernel, wanted(kernel, spec(offload, guests)));
});

test("what a NIC refuses is an error that names the NIC", async () => {
  const kernel = fakeHubKernel({ namespaces: [], vifSlots: 16 });
  for (const name of LINKS) kernel.addLink({ name, up: true });
  const steps = plan(observe(kernel), wanted(kernel, spec("on")));
  await expect(executeSteps(kernel, steps)).rejects.toMatchObject({
    code: "KERNEL_REFUSED",
    message: expect.stringMatching(/eth1.*hw-tc-offload ethtool feature flag must be on/s),
  });
});
