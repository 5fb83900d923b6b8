import { expect, test } from "vitest";
import { DaemonBed, endStream, type Stream } from "./daemon-bed.ts";
import { run } from "./run.ts";

const WAIT = { timeout: 60_000, interval: 100 };
const PER_SECOND = 500;
/** As tc has them at the switch's port: what the NIC sends, and what it is to get. */
const DIRECTIONS = [
  { hook: "ingress", what: "nothing that eth1 sends arrives" },
  { hook: "egress", what: "nothing arrives at eth1" },
] as const;
/** A program of one instruction: TC_ACT_SHOT. */
const DROP = ["bpf", "da", "bytecode", "1,6 0 0 2"];

const spec = (bed: DaemonBed) => `apiVersion: gona/v1
fabrics: [{ name: rack, probe: { interval: 50ms, lost: 5 } }]
nics:
  - { name: eth1, capacity: 1Gbit, fabric: rack, failback: 100ms }
  - { name: eth2, capacity: 1Gbit, fabric: rack, failback: 100ms }
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "52:54:00:d6:00:01", addresses: [10.9.0.1] }
    aggregate:
      balance: active-backup
      slices: [{ nic: eth1, egress: { limit: 100Mbit } }, { nic: eth2, egress: { limit: 100Mbit } }]
`;

/** Streams go on: datagrams that were not there a moment ago come. */
async function pass(streams: readonly Stream[]): Promise<void> {
  const received = ({ receiver }: Stream): number =>
    Number(receiver.lines.findLast((line) => line.kind === "sequence")?.received);
  const before = streams.map(received);
  const fresh = () => Math.min(...streams.map((stream, index) => received(stream) - (before[index] ?? 0)));
  await expect.poll(fresh, WAIT).toBeGreaterThan(PER_SECOND / 5);
}

for (const { hook, what } of DIRECTIONS) {
  test(`a path that is dead in one direction alone is found: ${what}`, { timeout: 240_000 }, async () => {
    await using bed = new DaemonBed(`gona-e3-${hook}`, []);
    const daemon = bed.spawnDaemon();
    await daemon.line("ready", (line) => line.msg === "ready");
    await bed.client.apply({ text: spec(bed) });
    bed.dressSteadyGuest();
    const states = async () => Object.fromEntries((await bed.client.nics()).map(({ name, state }) => [name, state]));
    await expect.poll(states, WAIT).toEqual({ eth1: "up", eth2: "up" });
    const streams = await bed.startTraffic(PER_SECOND);
    await pass(streams);

    const port = ["-n", bed.netns("switch")];
    run("tc", ...port, "qdisc", "add", "dev", "to-eth1", "clsact");
    run("tc", ...port, "filter", "add", "dev", "to-eth1", hook, "prio", "1", "protocol", "all", ...DROP);
    await expect.poll(states, WAIT).toEqual({ eth1: "down", eth2: "up" });
    const reason = async () => (await bed.client.nics()).find(({ name }) => name === "eth1")?.reason;
    await expect.poll(reason, WAIT).toContain("no probe passes between");
    await pass(streams);

    run("tc", ...port, "qdisc", "del", "dev", "to-eth1", "clsact");
    await expect.poll(states, WAIT).toEqual({ eth1: "up", eth2: "up" });
    await pass(streams);
    for (const stream of streams) expect((await endStream(stream)).received).toBeGreaterThan(0);
  });
}
