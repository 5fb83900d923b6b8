import { BUCKETS, explainFlow, fillBuckets, type VifEntry } from "@gona/planner";
import { expect, test } from "vitest";
import { DaemonBed } from "./daemon-bed.ts";

const PEER = "10.9.255.1";
const GUEST = "10.9.0.1";
const PORT = 5401;
const PER_SECOND = 200;
const BYTES = 1000;
const EVEN = [0.5, 0.5];

const spec = (bed: DaemonBed) => `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 1Gbit, fabric: rack }
  - { name: eth2, capacity: 1Gbit, fabric: rack }
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "52:54:00:d4:00:01", addresses: [${GUEST}] }
    aggregate:
      balance: flowlet
      slices: [{ nic: eth1, egress: { limit: 100Mbit } }, { nic: eth2, egress: { limit: 100Mbit } }]
`;

/** Ports from which flows to the peer fall into buckets that point to the first slice at the start. */
function portsOfFirstSlice(count: number): number[] {
  const slices = [0, 1].map((nic) => ({ nic: `eth${nic + 1}` }));
  const entry = { slices, buckets: fillBuckets([1, 1]) } as unknown as VifEntry;
  const ports: number[] = [];
  const taken = new Set<number>();
  for (let sourcePort = 20_000; ports.length < count; sourcePort++) {
    const tuple = { protocol: 17, from: GUEST, to: PEER, sourcePort, destinationPort: PORT };
    const { bucket, chosen } = explainFlow(entry, tuple, () => true);
    if (chosen?.slice !== 0 || taken.has(bucket)) continue;
    taken.add(bucket);
    ports.push(sourcePort);
  }
  return ports;
}

test("flows that all fall on one slice are spread over both, in order, and stay so over a restart", async () => {
  await using bed = new DaemonBed("gona-e1", []);
  let daemon = bed.spawnDaemon();
  await daemon.line("ready", (line) => line.msg === "ready");
  await bed.client.apply({ text: spec(bed) });
  bed.dressSteadyGuest();
  const receiver = bed.spawnFlows("switch", ["receive", PEER, String(PORT)]);
  await receiver.line("ready", (line) => line.kind === "ready");
  const flow = [String(PER_SECOND), String(BYTES), ...portsOfFirstSlice(12).map(String)];
  const sender = bed.spawnFlows("steady", ["send", PEER, String(PORT), ...flow]);
  await receiver.line("first datagram", (line) => line.kind === "first");

  const balanced = async () => (await bed.client.events()).find(({ kind }) => kind === "balanced");
  await expect.poll(balanced).toBeDefined();
  const event = await balanced();
  expect(event).toMatchObject({ subject: "steady", cause: expect.stringContaining("eth1 at") });
  expect(event?.message).toMatch(/buckets \(.* Mbit\/s\) from eth1 to eth2/);
  await expect.poll(() => parts(bed), { timeout: 40_000 }).toEqual(EVEN);

  const table = await shares(bed);
  await daemon.stop("SIGKILL");
  daemon = bed.spawnDaemon();
  await daemon.line("ready", (line) => line.msg === "ready");
  expect(await shares(bed)).toEqual(table);
  await expect.poll(() => parts(bed), { timeout: 40_000 }).toEqual(EVEN);

  await sender.finish();
  await receiver.finish();
  const sent = sender.lines.find((line) => line.kind === "sent")?.datagrams;
  expect(receiver.lines.find((line) => line.kind === "received")).toMatchObject({
    datagrams: sent,
    late: 0,
    flows: 12,
  });
});

/** How the NICs share what the guest sends from now on, to tenths; once a fair sample has passed. */
async function parts(bed: DaemonBed): Promise<number[]> {
  const before = await sent(bed);
  const sample = 3 * PER_SECOND;
  await expect.poll(async () => sum(await sent(bed)) - sum(before)).toBeGreaterThan(sample);
  const now = (await sent(bed)).map((packets, index) => packets - (before[index] ?? 0));
  return now.map((packets) => Math.round((packets / sum(now)) * 10) / 10);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const sent = async (bed: DaemonBed) => (await bed.client.slices()).map((slice) => slice.txPackets);
const shares = async (bed: DaemonBed) =>
  (await bed.client.slices()).map((slice) => Math.round(slice.bucketShare * BUCKETS) / BUCKETS);
