import { type FakeKernel, TC_ROOT, tcHandle } from "@gona/kernel";
import { type NicId, nicId } from "@gona/model";
import { desiredState, type HubState, plan } from "@gona/planner";
import { expect, test } from "vitest";
import { executeSteps, fakeHubKernel, observe } from "../src/index.ts";
import { formatHub, goldenFile } from "./golden-state.ts";
import { specOf } from "./test-hub.ts";

const LINKS = ["eth1", "eth2", "vnet0"];
const spec = (shaper: string, guests = true): string => `
apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit, fabric: rack, shaper: ${shaper} }
  - { name: eth2, capacity: 1Gbit, fabric: rack }
guests:${
  guests
    ? `
  - name: web1
    vif: { device: vnet0, mac: "52:54:00:aa:00:01" }
    aggregate:
      balance: hash
      slices:
        - { nic: eth1, egress: { limit: 1Gbit } }
        - { nic: eth2, egress: { limit: 50% } }`
    : " []"
}
`;

function hub(): FakeKernel {
  const kernel = fakeHubKernel({ namespaces: [], vifSlots: 16 });
  for (const name of LINKS) kernel.addLink({ name, up: true });
  return kernel;
}

function wanted(kernel: FakeKernel, text: string): HubState {
  const host = specOf(text);
  const nicsUp = new Set<NicId>(host.nics.map(({ name }) => name));
  const links = new Set(kernel.links().map(({ name }) => name));
  return desiredState({ spec: host, observed: observe(kernel), inventory: { links, nicsUp } }).hub;
}

async function reach(kernel: FakeKernel, to: HubState): Promise<void> {
  await executeSteps(kernel, plan(observe(kernel), to));
  expect(observe(kernel)).toEqual(to);
}

test("a NIC with shaper: edt has fq and no classes, the other one HTB", async () => {
  const kernel = hub();
  await reach(kernel, wanted(kernel, spec("edt")));
  await expect(formatHub(kernel)).toMatchFileSnapshot(goldenFile("timed"));
  expect(plan(observe(kernel), wanted(kernel, spec("edt")))).toEqual([]);
});

test("any state reaches any other, guests coming and going in the same plan", async () => {
  const kernel = hub();
  const states = [
    ["edt", true],
    ["htb", true],
    ["edt", false],
    ["htb", true],
    ["edt", true],
    ["htb", false],
  ] as const;
  for (const [shaper, guests] of states) await reach(kernel, wanted(kernel, spec(shaper, guests)));
});

test("an fq that someone set otherwise is set again", async () => {
  const kernel = hub();
  const to = wanted(kernel, spec("edt"));
  await reach(kernel, to);
  const qdisc = { kind: "fq", limitPackets: 10, flowLimitPackets: 10 } as const;
  await kernel.run([{ op: "qdiscReplace", link: "eth1", parent: TC_ROOT, handle: tcHandle(0xa09b, 0), qdisc }]);
  expect(observe(kernel).trees.get("eth1")).toEqual({ timed: true, stale: true });
  await reach(kernel, to);
});

test("an fq of someone else's is left alone", async () => {
  const kernel = hub();
  const qdisc = { kind: "fq", limitPackets: 10, flowLimitPackets: 10 } as const;
  await kernel.run([{ op: "qdiscReplace", link: "eth1", parent: TC_ROOT, handle: tcHandle(0x10, 0), qdisc }]);
  const steps = plan(observe(kernel), wanted(kernel, spec("edt")));
  await expect(executeSteps(kernel, steps)).rejects.toMatchObject({ code: "FOREIGN_STATE" });
});

test("a limit alone changes one aggregate and no queue", async () => {
  const kernel = hub();
  await reach(kernel, wanted(kernel, spec("edt")));
  const to = wanted(kernel, spec("edt").replace("1Gbit }", "2Gbit }"));
  const changed = plan(observe(kernel), to).map(({ facet }) => facet);
  expect(new Set(changed)).toEqual(new Set(["vifs"]));
  await reach(kernel, to);
  expect([...to.vifs.values()][0]?.slices.find((slice) => slice?.nic === nicId("eth1"))?.egress).toBe(2e9);
});
