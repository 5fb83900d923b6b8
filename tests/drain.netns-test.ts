import { expect, test } from "vitest";
import { DaemonBed, endStream } from "./daemon-bed.ts";
import { MachineDrops } from "./machine-drops.ts";

const ROUNDS = 8;
const PER_SECOND = 2000;

const spec = (bed: DaemonBed) => `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 2Gbit, fabric: rack }
  - { name: eth2, capacity: 2Gbit, fabric: rack }
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "52:54:00:d2:00:01", addresses: [10.9.0.1] }
    aggregate:
      balance: hash
      slices: [{ nic: eth1, egress: { limit: 500Mbit } }, { nic: eth2, egress: { limit: 500Mbit } }]
`;

test(`NICs are drained and given back ${ROUNDS} times under traffic and no packet is lost`, {
  timeout: 300_000,
}, async () => {
  await using bed = new DaemonBed("gona-d3", []);
  const daemon = bed.spawnDaemon();
  await daemon.line("ready", (line) => line.msg === "ready");
  await bed.client.apply({ text: spec(bed) });
  bed.dressSteadyGuest();
  using machine = new MachineDrops();
  const streams = await bed.startTraffic(PER_SECOND);
  for (let round = 0; round < ROUNDS; round++) {
    const nic = round % 2 === 0 ? "eth1" : "eth2";
    expect(await bed.client.drain(nic)).toMatchObject({ nic, stayed: [], waitingBytes: 0 });
    const drained = (await bed.client.slices()).find((slice) => slice.nic === nic);
    expect(drained).toMatchObject({ bucketShare: 0 });
    // What passes the drained NIC while nobody should use it: nothing of the guest's.
    const before = drained?.txPackets;
    const other = nic === "eth1" ? "eth2" : "eth1";
    const soFar = await passed(bed, other);
    await expect.poll(async () => (await passed(bed, other)) - soFar).toBeGreaterThan(PER_SECOND / 10);
    expect((await bed.client.slices()).find((slice) => slice.nic === nic)?.txPackets).toBe(before);
    await bed.client.undrain(nic);
  }
  await daemon.stop("SIGTERM");
  for (const stream of streams) {
    const { sent, received, losses } = await endStream(stream);
    const ours = losses.filter(({ fromMs, toMs }) => !machine.within(fromMs, toMs));
    expect({ stream: stream.name, ours }).toEqual({ stream: stream.name, ours: [] });
    expect(received + losses.reduce((sum, { lost }) => sum + lost, 0)).toBe(sent);
  }
});

/** Packets that the guest sent by a NIC, so far. */
const passed = async (bed: DaemonBed, nic: string): Promise<number> =>
  (await bed.client.slices()).find((slice) => slice.nic === nic)?.txPackets ?? 0;
