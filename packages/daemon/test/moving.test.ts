import { nicId, type VifId } from "@gona/model";
import { expect, test } from "vitest";
import type { Controller } from "../src/controller.ts";
import { type Bed, makeBed } from "./bed.ts";
import { settle } from "./fake-clock.ts";

const web1 = "web1" as VifId;
const OWN = "52:54:00:aa:00:01";
const [eth1, eth2] = [nicId("eth1"), nicId("eth2")];

/** One guest on these NICs, its home the first of them. */
const specOn = (...nics: readonly string[]) => ({
  file: "spec.yaml",
  text: `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 10Gbit, fabric: rack }
  - { name: eth2, capacity: 10Gbit, fabric: rack }
guests:
  - name: web1
    vif: { device: tap-web1, mac: "${OWN}", addresses: [10.0.0.11] }
    aggregate:
      balance: hash
      slices: [${nics.map((nic) => `{ nic: ${nic} }`).join(", ")}]
`,
});

const vif = (bed: Bed) => bed.plane.hub.vifs.get(web1);
const macs = (bed: Bed) => [...bed.plane.hub.stations.values()].map(({ mac }) => mac).sort();
const isQuiet = (controller: Controller) => controller.reconciler.standing.state === "converged";

test("a guest that leaves a NIC is reached by the MACs that it had, on every NIC, until announcements are heard", async () => {
  await using bed = makeBed();
  await bed.controller.start(specOn("eth1", "eth2"));
  const before = macs(bed);
  expect(before).toHaveLength(3);
  bed.plane.sent.length = 0;
  await bed.controller.applier.apply(specOn("eth2"));
  expect(vif(bed)).toMatchObject({ moving: true });
  expect(macs(bed)).toEqual(before);
  // Its own MAC, those that are gone, and whose address it is.
  expect(bed.plane.sent.map(({ nic }) => nic)).toEqual([eth2, eth2, eth2, eth2]);
  const events = bed.events.recent({ limit: 100 }).filter(({ kind }) => kind === "announced");
  expect(events.at(-1)).toMatchObject({
    message: "told the switches where 3 MACs are now, and peers the MAC of 1 address, in 0 ms",
    cause: "NICs of 1 vif changed",
  });
  await bed.clock.advance(1900);
  expect(macs(bed)).toEqual(before);
  await bed.clock.advance(200);
  await settle();
  expect(vif(bed)).not.toHaveProperty("moving");
  expect(macs(bed)).toEqual([OWN]);
  expect(isQuiet(bed.controller)).toBe(true);
  // Nobody else did that.
  expect(bed.events.recent({ limit: 100 }).filter(({ kind }) => kind === "reconciled")).toEqual([]);
});

test("a guest that changes again while it moves keeps what it had, for two seconds from then", async () => {
  await using bed = makeBed();
  await bed.controller.start(specOn("eth1", "eth2"));
  const before = macs(bed);
  await bed.controller.applier.apply(specOn("eth2"));
  await bed.clock.advance(1500);
  bed.plane.sent.length = 0;
  await bed.controller.applier.apply(specOn("eth1", "eth2"));
  expect(vif(bed)).toMatchObject({ moving: true });
  expect(macs(bed)).toEqual(before);
  expect(bed.plane.sent.map(({ nic }) => nic)).toContain(eth1);
  await bed.clock.advance(1500);
  expect(vif(bed)).toMatchObject({ moving: true });
  await bed.clock.advance(600);
  await settle();
  expect(vif(bed)).not.toHaveProperty("moving");
  expect(macs(bed)).toEqual(before);
});

test("what a daemon that died left moving, the next one puts right", async () => {
  await using bed = makeBed();
  await bed.controller.start(specOn("eth1", "eth2"));
  await bed.controller.applier.apply(specOn("eth2"));
  expect(vif(bed)).toMatchObject({ moving: true });
  await bed.crash().start();
  await settle();
  expect(vif(bed)).not.toHaveProperty("moving");
  expect(macs(bed)).toEqual([OWN]);
});

test("a change that takes no NIC away moves nobody", async () => {
  await using bed = makeBed();
  await bed.controller.start(specOn("eth1"));
  await bed.controller.applier.apply(specOn("eth1", "eth2"));
  expect(vif(bed)).not.toHaveProperty("moving");
});
