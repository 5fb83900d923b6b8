import type { VifId } from "@gona/model";
import { BUCKETS } from "@gona/planner";
import { expect, test } from "vitest";
import { type Bed, makeBed, settle } from "./bed.ts";

const MBIT = 125_000;
const PEERS = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03", "02:00:00:00:00:04"];

const spec = (balance = "flowlet") => `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 1Gbit, fabric: rack, failback: 2s }
  - { name: eth2, capacity: 1Gbit, fabric: rack, failback: 2s }
guests:
  - name: web1
    vif: { device: tap-web1, mac: "52:54:00:aa:00:01", addresses: [10.0.0.11] }
    aggregate:
      balance: ${balance}
      slices:
        - { nic: eth1, egress: { limit: 100Mbit } }
        - { nic: eth2, egress: { limit: 100Mbit } }
`;

async function busyBed(text = spec()): Promise<Bed> {
  const bed = makeBed();
  await bed.controller.start();
  await bed.controller.applier.apply({ text, file: "host.yaml" });
  return bed;
}

/** What the packet path would count while the guest sends by each bucket, bytes/s, for a look. */
async function sendFor(bed: Bed, ms: number, rate: (bucket: number) => number): Promise<void> {
  const { balance } = bed.plane;
  for (let passed = 0; passed < ms; passed += 250) {
    balance.seen.tx[0] = (balance.seen.tx[0] ?? 0) + 4;
    const bytes = (balance.sent.get(0) ?? new Float64Array(BUCKETS)).map((sent, bucket) => sent + rate(bucket) / 4);
    balance.sent.set(0, bytes);
    const buckets = entryOf(bed).buckets;
    for (const slice of [0, 1]) {
      const sent = bytes.reduce((sum, _, bucket) => sum + (buckets[bucket] === slice ? rate(bucket) / 4 : 0), 0);
      bed.plane.count(0, slice, { txBytes: sent });
    }
    await bed.clock.advance(250);
  }
}

const entryOf = (bed: Bed) => {
  const entry = bed.plane.hub.vifs.values().next().value;
  if (entry === undefined) throw new Error("there is no vif");
  return entry;
};
const countsOf = (bed: Bed) => [0, 1].map((slice) => entryOf(bed).buckets.filter((one) => one === slice).length);
const eventsOf = (bed: Bed, kind: string) => bed.events.recent({ limit: 100 }).filter((event) => event.kind === kind);
/** All that is sent is in buckets of the first slice. */
const lopsided = (bucket: number) => (bucket < 512 ? 10_000 : 0);

test("a busy vif's buckets are moved within a second, with one event and a cause for each", async () => {
  await using bed = await busyBed();
  await sendFor(bed, 1000, lopsided);
  expect(countsOf(bed)[0]).toBeLessThan(300);
  const events = eventsOf(bed, "balanced");
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    subject: "web1",
    message: expect.stringMatching(/^moved \d+ buckets .* from eth1 to eth2$/),
  });
  const moves = bed.controller.balancer.book.of("web1" as VifId);
  expect(moves.length).toBeGreaterThan(200);
  expect(moves[0]).toMatchObject({
    from: "eth1",
    to: "eth2",
    cause: "eth1 was at 41 % of what it may carry, eth2 at 0 %",
  });
  const steps = bed.plane.log.length;
  await sendFor(bed, 3000, lopsided);
  expect(bed.plane.log.length).toBe(steps);
});

test("a table survives the daemon, and a vif that was silent for long goes back to the one by weights", async () => {
  await using bed = await busyBed();
  await sendFor(bed, 1000, lopsided);
  const [first] = countsOf(bed);
  await bed.restart();
  await bed.controller.start();
  expect(countsOf(bed)[0]).toBe(first);
  await sendFor(bed, 1000, (bucket) =>
    entryOf(bed).buckets[bucket] === 0 ? 10_000 / (first ?? 1) : 10_000 / (1024 - (first ?? 0)),
  );
  expect(countsOf(bed)[0]).toBe(first);
  await bed.clock.advance(40_000);
  expect(countsOf(bed)).toEqual([512, 512]);
});

test("while nobody sends a look reads who is busy and nothing else", async () => {
  await using bed = await busyBed();
  const { balance } = bed.plane;
  let others = 0;
  balance.bucketBytes = () => {
    others++;
    return undefined;
  };
  balance.peers = () => {
    others++;
    return [];
  };
  await bed.clock.advance(60_000);
  expect(others).toBe(0);
  expect(bed.plane.counted).toBe(0);
});

test("nothing is looked at where no vif is balanced", async () => {
  await using bed = await busyBed(spec("hash"));
  const { balance } = bed.plane;
  balance.ticks = () => {
    throw new Error("looked");
  };
  await bed.clock.advance(10_000);
  expect(eventsOf(bed, "balanced")).toEqual([]);
});

test("a NIC that is lost takes no bucket, and one that came back has its part again", async () => {
  await using bed = await busyBed();
  await sendFor(bed, 1000, lopsided);
  bed.kernel.setCarrier("eth2", false);
  await settle();
  expect(countsOf(bed)).toEqual([1024, 0]);
  await sendFor(bed, 1000, lopsided);
  expect(countsOf(bed)).toEqual([1024, 0]);
  bed.kernel.setCarrier("eth2", true);
  await bed.clock.advance(3000);
  await sendFor(bed, 2000, lopsided);
  const counts = countsOf(bed);
  expect(Math.min(...counts)).toBeGreaterThan(100);
});

/** Each of the peers sends 10 Mbit/s to the MAC that it was told last, the first slice's else. */
async function receiveFor(bed: Bed, ms: number): Promise<void> {
  const { balance } = bed.plane;
  for (let passed = 0; passed < ms; passed += 250) {
    balance.seen.rx[0] = (balance.seen.rx[0] ?? 0) + 4;
    balance.senders = PEERS.map((mac) => {
      const slice = balance.steered.get(`0 0 ${mac}`)?.slice ?? 0;
      const before = balance.senders.find((peer) => peer.mac === mac)?.rxBytes ?? 0;
      bed.plane.count(0, slice, { rxBytes: 2.5 * MBIT });
      return { vifSlot: 0, vlan: 0, mac, slice, rxBytes: before + 2.5 * MBIT };
    });
    await bed.clock.advance(250);
  }
}

test("peers that all send to one slice's MAC are told another's, each alone and by the right NIC", async () => {
  await using bed = await busyBed();
  bed.plane.sent.length = 0;
  await receiveFor(bed, 4000);
  // The others are kept where they are.
  const steered = () => [...bed.plane.balance.steered.values()].map(({ slice }) => slice).toSorted((a, b) => a - b);
  expect(steered()).toEqual([0, 0, 1, 1]);
  const [, second] = entryOf(bed).slices;
  expect(bed.plane.sent).toHaveLength(2);
  for (const { nic, frame } of bed.plane.sent) {
    expect(nic).toBe("eth2");
    const [to, from] = [frame.slice(0, 6), frame.slice(6, 12)].map((mac) => Buffer.from(mac).toString("hex"));
    expect(PEERS.map((mac) => mac.replaceAll(":", ""))).toContain(to);
    expect(from).toBe(second?.mac.replaceAll(":", ""));
  }
  expect(eventsOf(bed, "steered")).toHaveLength(1);
  expect(eventsOf(bed, "steered")[0]?.message).toContain("steered 2 peers");
  await receiveFor(bed, 4000);
  expect(steered()).toEqual([0, 0, 1, 1]);
  expect(bed.plane.sent).toHaveLength(2);
});

test("who is steered stays so over a restart, and nobody is where a slice or a vif is gone", async () => {
  await using bed = await busyBed();
  await receiveFor(bed, 4000);
  const { balance } = bed.plane;
  balance.steer({ vifSlot: 9, vlan: 0, mac: "02:00:00:00:00:99", slice: 1 });
  await bed.restart();
  await bed.controller.start();
  expect([...balance.steered.values()].map(({ vifSlot }) => vifSlot)).toEqual([0, 0, 0, 0]);
  bed.kernel.setCarrier("eth2", false);
  await settle();
  await bed.clock.advance(250);
  expect([...balance.steered.values()].map(({ slice }) => slice)).toEqual([0, 0]);
});

test("a peer that is silent for minutes is forgotten, one that sends is not", async () => {
  await using bed = await busyBed();
  await receiveFor(bed, 4000);
  await receiveFor(bed, 120_000);
  expect(bed.plane.balance.steered.size).toBe(4);
  await bed.clock.advance(420_000);
  expect(bed.plane.balance.steered.size).toBe(0);
});

test("drains of a predecessor are cleared", async () => {
  await using bed = makeBed();
  bed.plane.balance.setDrain(0, 0, 5);
  await bed.controller.start();
  await bed.controller.applier.apply({ text: spec(), file: "host.yaml" });
  expect(bed.plane.balance.drains.size).toBe(0);
});
