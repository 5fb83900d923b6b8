import type { NicId, VifId } from "@gona/model";
import { expect, test } from "vitest";
import { makeBed, settle, specText } from "./bed.ts";

const spec = () => ({ text: specText(), file: "host.yaml" });
const eth1 = "eth1" as NicId;
const eth2 = "eth2" as NicId;
const web1 = "web1" as VifId;

test("a drained NIC is left in both directions, also by the next daemon, until it is given back", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  const buckets = () => bed.plane.hub.vifs.get(web1)?.buckets ?? new Uint8Array();
  const slices = bed.plane.hub.vifs.get(web1)?.slices ?? [];
  const onEth1 = () => buckets().filter((number) => slices[number]?.nic === eth1).length;
  expect(onEth1()).toBe(512);
  bed.plane.waiting.set(eth1, 5000n);
  const draining = bed.controller.drainer.drain(eth1);
  await settle();
  expect(onEth1()).toBe(0);
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(false);
  // The guest's own MAC and the dead slice's are told to the switch on the other NIC's port.
  expect(bed.plane.sent.map(({ nic }) => nic)).toEqual([eth2, eth2]);
  bed.plane.waiting.set(eth1, 0n);
  await bed.clock.advance(10);
  expect(await draining).toMatchObject({ nic: eth1, drained: true, stayed: [], waitingBytes: 0 });
  const next = await bed.restart();
  await next.start();
  expect(next.nics.standing(eth1)).toMatchObject({ phase: "draining", cause: "gona drain" });
  expect(onEth1()).toBe(0);
  bed.plane.sent.length = 0;
  const undrained = next.drainer.undrain(eth1);
  await settle();
  // The gate opens when the switch has learnt.
  expect(bed.plane.sent.map(({ nic }) => nic)).toEqual([eth1, eth1]);
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(false);
  await bed.clock.advance(60);
  expect(await undrained).toMatchObject({ drained: false });
  expect(onEth1()).toBe(512);
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(true);
});

test("a guest without another NIC stays on a drained one, and the answer says so", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  bed.kernel.setCarrier("eth2", false);
  await settle();
  expect(await bed.controller.drainer.drain(eth1)).toMatchObject({ stayed: ["web1"] });
  expect(bed.plane.hub.nics.get(eth1)?.up).toBe(true);
});

test("only a NIC of the spec can be drained", async () => {
  await using bed = makeBed();
  await bed.controller.start(spec());
  await expect(bed.controller.drainer.drain("eth9" as NicId)).rejects.toMatchObject({
    code: "NOT_FOUND",
    detail: { allowed: "eth1, eth2" },
  });
  expect(bed.store.drained()).toEqual([]);
});
