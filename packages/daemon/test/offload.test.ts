import { StepError } from "@gona/dataplane";
import { KernelError } from "@gona/kernel";
import { expect, test } from "vitest";
import { type Bed, makeBed, settle, specText } from "./bed.ts";

const spec = (offload: string) => ({
  text: specText().replaceAll("capacity: 10Gbit,", `capacity: 10Gbit, offload: ${offload},`),
  file: "host.yaml",
});
/** As a NIC does whose firmware cannot what its driver offers: each time. */
function refuse({ plane }: Bed): void {
  plane.beforeStep = (step) => {
    if (step.kind !== "set" || step.facet !== "trees" || !step.value.offload) return;
    const words = "Missing QoS capabilities. Try disabling SRIOV or use a supported device.";
    throw new StepError(step, new KernelError(`tc qdisc replace dev ${step.key}`, "EOPNOTSUPP", words));
  };
}

test("auto offloads what the NIC offers, and goes on in software when the NIC refuses after all", async () => {
  await using bed = makeBed({ offersOffload: (link) => link === "eth1" });
  await bed.controller.start();
  refuse(bed);
  expect(await bed.controller.applier.apply(spec("auto"))).toMatchObject({ changed: true, revision: 2 });
  expect(bed.plane.hub.trees.get("eth1")?.offload).toBeUndefined();
  const refused = bed.events.recent({ limit: 50 }).filter(({ kind }) => kind === "offload-refused");
  expect(refused).toMatchObject([{ subject: "eth1" }]);
  await settle();
  expect(bed.controller.reconciler.standing.state).toBe("converged");
});

test("what a NIC refuses in passing, as when it comes back, is done in software too", async () => {
  await using bed = makeBed({ offersOffload: (link) => link === "eth1" });
  await bed.controller.start(spec("auto"));
  expect(bed.plane.hub.trees.get("eth1")?.offload).toBe(true);
  expect(bed.plane.hub.trees.get("eth2")?.offload).toBeUndefined();
  await bed.restart();
  bed.plane.hub = { ...bed.plane.hub, trees: new Map(), slices: new Map() };
  refuse(bed);
  await bed.controller.start();
  expect(bed.plane.hub.trees.get("eth1")?.offload).toBeUndefined();
  expect(bed.controller.reconciler.standing.state).toBe("converged");
});

test("on is rolled back with the NIC's words when the NIC refuses", async () => {
  await using bed = makeBed({ offersOffload: () => true });
  await bed.controller.start();
  refuse(bed);
  await expect(bed.controller.applier.apply(spec("on"))).rejects.toMatchObject({ code: "APPLY_ROLLED_BACK" });
});
