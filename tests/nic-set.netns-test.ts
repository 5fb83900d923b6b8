import { expect, test } from "vitest";
import { DaemonBed, endStream } from "./daemon-bed.ts";
import { MachineDrops } from "./machine-drops.ts";

/** More than there are slice numbers: after eight new slices they start again, and the home NIC changes with that too. */
const CHANGES = 20;
const SETS = [["eth1", "eth2"], ["eth2"], ["eth1", "eth2"], ["eth1"]];
const PER_SECOND = 2000;

const spec = (bed: DaemonBed, nics: readonly string[]) => `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 2Gbit, fabric: rack }
  - { name: eth2, capacity: 2Gbit, fabric: rack }
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "52:54:00:d2:00:01", addresses: [10.9.0.1] }
    aggregate:
      balance: hash
      slices: [${nics.map((nic) => `{ nic: ${nic}, egress: { limit: 500Mbit } }`).join(", ")}]
`;

test(`a guest's NICs change ${CHANGES} times under traffic and no packet is lost`, { timeout: 300_000 }, async () => {
  await using bed = new DaemonBed("gona-c3", []);
  const daemon = bed.spawnDaemon();
  await daemon.line("ready", (line) => line.msg === "ready");
  await bed.client.apply({ text: spec(bed, SETS.at(-1) ?? []) });
  bed.dressSteadyGuest();
  using machine = new MachineDrops();
  const streams = await bed.startTraffic(PER_SECOND);
  const wrong = async () => (await bed.client.status()).verdicts.drop_wrong_nic ?? 0;
  const before = await wrong();
  for (let change = 0; change < CHANGES; change++) {
    await bed.client.apply({ text: spec(bed, SETS[change % SETS.length] ?? []) });
    // Traffic passes under each of them.
    const soFar = await received(bed);
    await expect.poll(async () => (await received(bed)) - soFar).toBeGreaterThan(PER_SECOND / 20);
  }
  expect((await wrong()) - before).toBe(0);
  // Nothing that was kept for the change's sake stays.
  await expect.poll(async () => (await bed.client.status()).converged).toBe(true);
  await daemon.stop("SIGTERM");
  for (const stream of streams) {
    const { sent, received: got, losses } = await endStream(stream);
    const ours = losses.filter(({ fromMs, toMs }) => !machine.within(fromMs, toMs));
    expect({ stream: stream.name, ours }).toEqual({ stream: stream.name, ours: [] });
    expect(got + losses.reduce((sum, { lost }) => sum + lost, 0)).toBe(sent);
  }
});

/** Packets that came to the guest so far. */
const received = async (bed: DaemonBed): Promise<number> =>
  (await bed.client.slices()).reduce((sum, { rxPackets }) => sum + rxPackets, 0);
