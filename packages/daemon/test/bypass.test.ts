import { SpecErrors } from "@gona/model";
import type { VfOffer } from "@gona/planner";
import { expect, test } from "vitest";
import { guestViews } from "../src/guest-views.ts";
import { planSpec } from "../src/plan-view.ts";
import { type Bed, makeBed, settle } from "./bed.ts";

const spec = (vf: number) => ({
  text: `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit }
guests:
  - name: fast1
    vif: { mac: "52:54:00:aa:00:01" }
    aggregate: { slices: [{ nic: eth1, path: sriov, vf: ${vf}, egress: { limit: 2Gbit } }] }
  - name: vm1
    vif: { device: mt-vm1, mac: "52:54:00:aa:00:02" }
    aggregate: { slices: [{ nic: eth1, path: macvtap, egress: { limit: 1Gbit } }] }
`,
  file: "host.yaml",
});

/** What the NIC says can change while the daemon runs. */
function bedWith(offer: VfOffer): { readonly bed: Bed; readonly set: (now: Partial<VfOffer>) => void } {
  let now = offer;
  const set = (change: Partial<VfOffer>) => {
    now = { ...now, ...change };
  };
  return { bed: makeBed({ askVfs: () => now }), set };
}

const viewsOf = ({ controller, plane }: Bed) =>
  guestViews({
    spec: controller.reconciler.target?.spec ?? { domains: [], fabrics: [], nics: [], guests: [] },
    hub: controller.hub.lastKnown,
    pending: controller.reconciler.standing.pending,
    drops: new Map(),
    dataPlane: plane,
    delivery: { newest: { atMs: 0, rows: [] }, of: () => undefined } as never,
  });

test("a guest by a virtual function and one by a macvtap are active, and say by which path", async () => {
  const { bed } = bedWith({ driver: "mlx5_core", enabled: 4, total: 8 });
  await using _ = bed;
  await bed.controller.start(spec(3));
  expect(viewsOf(bed)).toMatchObject([
    { name: "fast1", state: "active", vifs: [{ device: "" }], slices: [{ path: "sriov", vf: 3, state: "active" }] },
    { name: "vm1", state: "active", vifs: [{ device: "mt-vm1" }], slices: [{ path: "macvtap", state: "active" }] },
  ]);
  const { steps } = planSpec(bed.controller, spec(2));
  expect(steps.map(({ text }) => text)).toEqual(["virtual function 2 of eth1 for fast1: VF 3 of eth1 -> VF 2 of eth1"]);
});

test("a virtual function that the NIC has not is refused with the reason, and changes nothing", async () => {
  const { bed, set } = bedWith({ driver: "ixgbe", enabled: 4, total: 63 });
  await using _ = bed;
  await bed.controller.start(spec(3));
  const refused = async (vf: number): Promise<string> => {
    const error: unknown = await bed.controller.applier.apply(spec(vf)).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return error instanceof SpecErrors ? error.message : String(error);
  };
  expect(await refused(4)).toMatch(/eth1 has 4 virtual functions enabled, of 63/);
  set({ enabled: 0, total: 0, driver: "r8169" });
  expect(await refused(2)).toMatch(/eth1 has no SR-IOV \(driver r8169\)/);
  expect(planSpec(bed.controller, spec(2)).findings).toMatchObject([{ path: "guests[0].aggregate.slices[0].vf" }]);
  expect(bed.controller.reconciler.target?.revision).toBe(1);
});

test("virtual functions that go away leave their guests pending, and the others as they are", async () => {
  const { bed, set } = bedWith({ driver: "mlx5_core", enabled: 4, total: 8 });
  await using _ = bed;
  await bed.controller.start(spec(3));
  set({ enabled: 0 });
  bed.controller.reconciler.soon("test");
  await settle();
  expect(viewsOf(bed)).toMatchObject([
    { name: "fast1", state: "pending", reason: "eth1 has 0 virtual functions enabled, of 8" },
    { name: "vm1", state: "active" },
  ]);
  set({ enabled: 4 });
  bed.controller.reconciler.soon("test");
  await settle();
  expect(viewsOf(bed)).toMatchObject([{ state: "active" }, { state: "active" }]);
});
