import { expect, test } from "vitest";
import { DaemonBed, endStream } from "./daemon-bed.ts";
import { MachineDrops } from "./machine-drops.ts";
import { run } from "./run.ts";

const GUEST = "10.9.0.1";
const PEERS = [1, 2, 3, 4];
const PER_SECOND = 300;
const BYTES = 1000;

const spec = (bed: DaemonBed) => `apiVersion: gona/v1
nics:
  - { name: eth1, capacity: 1Gbit, fabric: rack }
  - { name: eth2, capacity: 1Gbit, fabric: rack }
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "52:54:00:d5:00:01", addresses: [${GUEST}] }
    aggregate:
      balance: flowlet
      slices: [{ nic: eth1, egress: { limit: 100Mbit } }, { nic: eth2, egress: { limit: 100Mbit } }]
`;

const peer = (index: number) => `peer${index}`;

test("peers that all send to one slice are spread over both, and nothing is lost", async () => {
  await using bed = new DaemonBed("gona-e2", PEERS.map(peer));
  for (const index of PEERS) {
    const [far, wire] = [bed.netns(peer(index)), bed.netns("switch")];
    run("ip", "-n", far, "link", "add", "eth0", "type", "veth", "peer", "name", `to-${peer(index)}`, "netns", wire);
    run("ip", "-n", wire, "link", "set", `to-${peer(index)}`, "master", "br0", "up");
    run("ip", "-n", far, "addr", "add", `10.9.1.${index}/16`, "dev", "eth0");
    run("ip", "-n", far, "link", "set", "eth0", "up");
  }
  const daemon = bed.spawnDaemon();
  await daemon.line("ready", (line) => line.msg === "ready");
  await bed.client.apply({ text: spec(bed) });
  bed.dressSteadyGuest();
  const macs = new Map((await bed.client.explain("steady")).slices.map(({ mac, nic }) => [mac, nic]));
  const first = [...macs].find(([, nic]) => nic === "eth1")?.[0] ?? "";
  // As if each had asked when the first slice was the only one.
  for (const index of PEERS) {
    const far = bed.netns(peer(index));
    run("ip", "-n", far, "neigh", "replace", GUEST, "lladdr", first, "nud", "reachable", "dev", "eth0");
  }
  using machine = new MachineDrops();
  const streams = [];
  for (const index of PEERS) {
    streams.push(await bed.startStream(peer(index), "steady", GUEST, 5500 + index, PER_SECOND, BYTES));
  }

  const learnt = () => PEERS.map((index) => macs.get(macOfGuest(bed.netns(peer(index)))) ?? "?").sort();
  await expect.poll(learnt, { timeout: 40_000 }).toEqual(["eth1", "eth1", "eth2", "eth2"]);
  const events = (await bed.client.events()).filter(({ kind }) => kind === "steered");
  expect(events[0]).toMatchObject({ subject: "steady", cause: expect.stringContaining("coming in: eth1 at") });
  await expect.poll(() => parts(bed), { timeout: 40_000 }).toEqual([0.5, 0.5]);

  for (const stream of streams) {
    const { sent, received: arrived, losses } = await endStream(stream);
    const ours = losses.filter(({ fromMs, toMs }) => !machine.within(fromMs, toMs));
    expect({ stream: stream.name, ours }).toEqual({ stream: stream.name, ours: [] });
    expect(arrived + losses.reduce((sum, { lost }) => sum + lost, 0)).toBe(sent);
  }
  // What they were told is what they hear when they ask.
  for (const index of PEERS) {
    const far = bed.netns(peer(index));
    const told = macOfGuest(far);
    run("ip", "-n", far, "neigh", "flush", "all");
    run("nsenter", `--net=/run/netns/${far}`, "bash", "-c", `echo > /dev/udp/${GUEST}/9`);
    await expect.poll(() => macOfGuest(far)).not.toBe("");
    // The first slice's MAC was put there by this test; who came last may never have been steered.
    if (macs.get(told) === "eth2") expect(macOfGuest(far)).toBe(told);
  }
});

const macOfGuest = (netns: string): string =>
  /lladdr (\S+)/.exec(run("ip", "-n", netns, "neigh", "show", GUEST))?.[1] ?? "";

/** How the NICs share what comes in from now on, to tenths; once a fair sample has passed. */
async function parts(bed: DaemonBed): Promise<number[]> {
  const before = await received(bed);
  await expect
    .poll(async () => sum(await received(bed)) - sum(before), { timeout: 20_000 })
    .toBeGreaterThan(PER_SECOND);
  const now = (await received(bed)).map((packets, index) => packets - (before[index] ?? 0));
  return now.map((packets) => Math.round((packets / sum(now)) * 10) / 10);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const received = async (bed: DaemonBed) => (await bed.client.slices()).map((slice) => slice.rxPackets);
