import { type DeliveryRow, deliveryRowSchema, type SliceView, statusSchema } from "@gona/api";
import { sliceClass } from "@gona/dataplane";
import { tcHandle } from "@gona/kernel";
import { expect, test } from "vitest";
import { type ApiBed, makeApiBed } from "./api-bed.ts";
import { settle, specText } from "./bed.ts";

const ROOT = tcHandle(0xa09a, 1);
const HELD = { backlogBytes: 20_000n };

/** web1 with 1 Gbit/s and db1 with the same, both on eth1 and eth2 of 10 Gbit/s. */
async function makeBed(guests: readonly string[] = ["web1"], limit = "1Gbit"): Promise<ApiBed> {
  const bed = await makeApiBed();
  for (const name of guests) if (name !== "web1") bed.kernel.addLink({ name: `tap-${name}`, up: true });
  await bed.call("apply", { body: { text: specText(guests, limit), file: "host.yaml" } });
  bed.delivery.watch();
  return bed;
}

/** What passed in the next second, in Mbit, on a NIC: by the root class and by the slices, in the order of slots. */
async function pass(bed: ApiBed, nic: string, megabits: readonly number[], more: object = {}): Promise<void> {
  const classes = new Map(bed.kernel.classes(nic).map(({ classid, sent }) => [classid, sent]));
  const add = (classid: typeof ROOT, mega: number, extra: object) => {
    const { bytes = 0n, packets = 0n } = classes.get(classid) ?? {};
    const sent = { bytes: bytes + BigInt(Math.round(mega * 125_000)), packets: packets + BigInt(mega * 100) };
    bed.kernel.setSent(nic, classid, { ...sent, ...extra });
  };
  for (const [slot, mega] of megabits.entries()) add(sliceClass(slot), mega, more);
  add(
    ROOT,
    megabits.reduce((a, b) => a + b, 0),
    {},
  );
  await bed.clock.advance(1000);
}

const rows = async (bed: ApiBed, query: Record<string, string> = {}): Promise<DeliveryRow[]> =>
  deliveryRowSchema.array().parse((await bed.call("delivery", { query })).json());

test("what passed is told by slice, and in the views of slices", async () => {
  await using bed = await makeBed();
  expect(await rows(bed)).toEqual([]);
  await pass(bed, "eth1", [40]);
  expect(await rows(bed)).toEqual([
    {
      guest: "web1",
      vif: "web1",
      nic: "eth1",
      direction: "egress",
      at: "2026-01-01T00:00:01.000Z",
      seconds: 1,
      offeredBitsPerSecond: 40e6,
      deliveredBitsPerSecond: 40e6,
      promisedBitsPerSecond: 40e6,
      errorPercent: 0,
      short: false,
      shortSeconds: 0,
      reason: { kind: "guest", text: "the guest sent less" },
    },
  ]);
  const slices = (await bed.call("slices")).json() as SliceView[];
  expect(slices.map(({ nic, delivery }) => [nic, delivery?.deliveredBitsPerSecond])).toEqual([
    ["eth1", 40e6],
    ["eth2", undefined],
  ]);
  // A second in which nothing passes is not drawn out of the one before.
  await bed.clock.advance(1000);
  expect(await rows(bed)).toEqual([]);
  await pass(bed, "eth1", [10]);
  expect(await rows(bed)).toMatchObject([{ seconds: 1, deliveredBitsPerSecond: 10e6 }]);
});

test("a slice at its limit, and one that is kept from its part of a full NIC", async () => {
  await using bed = await makeBed(["web1", "db1"], "8Gbit");
  await pass(bed, "eth1", [8000, 10], HELD);
  await pass(bed, "eth1", [8000, 10], HELD);
  expect(await rows(bed, { guest: "web1" })).toMatchObject([
    { promisedBitsPerSecond: 8e9, short: false, reason: { kind: "limit" } },
  ]);
  await pass(bed, "eth1", [7000, 2990], HELD);
  await pass(bed, "eth1", [7000, 2990], HELD);
  const [, db1] = await rows(bed);
  // 10 Gbit/s alike for both: 100 Mbit/s reserved and 4.9 Gbit/s more.
  expect(db1).toMatchObject({ promisedBitsPerSecond: 5e9, errorPercent: -40.2, short: true });
  const status = statusSchema.parse((await bed.call("status")).json());
  expect(status.short).toMatchObject([{ vif: "db1", reason: { text: "NIC eth1 saturated" } }]);
});

test("with a NIC lost, what is missing there bears its name while the guest wants more than the rest carries", async () => {
  await using bed = await makeBed();
  await pass(bed, "eth1", [100]);
  bed.kernel.setCarrier("eth2", false);
  await settle();
  await pass(bed, "eth1", [100]);
  expect(await rows(bed)).toMatchObject([{ nic: "eth1", reason: { kind: "guest" } }]);
  await pass(bed, "eth1", [1000], HELD);
  await pass(bed, "eth1", [1000], HELD);
  const text = "degraded: NIC eth2 lost";
  expect(await rows(bed)).toMatchObject([
    { nic: "eth1", short: false, promisedBitsPerSecond: 1e9, reason: { kind: "nic-lost", text, nics: ["eth2"] } },
    { nic: "eth2", short: true, promisedBitsPerSecond: 100e6, errorPercent: -100, reason: { text } },
  ]);
});

test("counters that begin anew, and another guest's in the same slot, are not told as traffic", async () => {
  await using bed = await makeBed();
  await pass(bed, "eth1", [100]);
  bed.kernel.setSent("eth1", sliceClass(0), { bytes: 5n, packets: 1n });
  await pass(bed, "eth1", []);
  expect(await rows(bed)).toEqual([]);
  await pass(bed, "eth1", [100]);
  expect(await rows(bed)).toHaveLength(1);
  await bed.call("apply", { body: { text: specText().replaceAll("web1", "new1"), file: "host.yaml" } });
  bed.kernel.addLink({ name: "tap-new1", up: true });
  await settle();
  await pass(bed, "eth1", [100]);
  await pass(bed, "eth1", [100]);
  expect(new Set((await rows(bed, { since: "2026-01-01T00:00:00Z" })).map(({ vif }) => vif))).toEqual(
    new Set(["web1", "new1"]),
  );
});

test("a NIC that vanishes between two looks is no failure", async () => {
  await using bed = await makeBed();
  await pass(bed, "eth1", [100]);
  bed.kernel.removeLink("eth1");
  await bed.clock.advance(3000);
  expect((await bed.call("delivery")).statusCode).toBe(200);
  expect((await bed.call("status")).json()).toMatchObject({ converged: true });
});

test("the past is asked for by time and step", async () => {
  await using bed = await makeBed();
  const since = "2026-01-01T00:00:00Z";
  for (let second = 0; second < 100; second++) {
    await pass(bed, "eth1", [second < 60 ? 10 : 20]);
    bed.delivery.watch();
  }
  expect((await rows(bed, { since })).length).toBe(100);
  expect(await rows(bed, { since, guest: "db1" })).toEqual([]);
  expect((await rows(bed, { since, step: "10" })).length).toBeGreaterThanOrEqual(10);
  const minutes = await rows(bed, { since, step: "60" });
  expect(minutes.map(({ at, seconds }) => [at, seconds])).toEqual([
    ["2026-01-01T00:00:00.000Z", 59],
    ["2026-01-01T00:01:00.000Z", 41],
  ]);
  expect(minutes[0]).toMatchObject({ deliveredBitsPerSecond: 10e6 });
  const wrong = await bed.call("delivery", { query: { step: "90" } });
  expect(wrong.json()).toMatchObject({ error: { code: "USAGE" } });
  expect((await bed.call("delivery", { query: { since: "yesterday" } })).statusCode).toBe(400);
});
