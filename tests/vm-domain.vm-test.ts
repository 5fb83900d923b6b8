import { expect, test } from "vitest";
import { DaemonBed, endStream } from "./daemon-bed.ts";
import { EndOfMachines, type Machines, machinesOf } from "./machines.ts";

/** Emulated machines on a busy host: few packets, long deadlines. */
const PER_SECOND = 100;
const BOOT_MS = 180_000;

const spec = (bed: DaemonBed, { spare, slices }: { spare: boolean; slices: readonly string[] }) => `apiVersion: gona/v1
domains:
  - { name: dd-vm, isolation: vm, device: e1000, memory: 128MiB, spare: ${spare} }
fabrics:
  - { name: rack, probe: off }
nics:
  - { name: eth1, domain: dd-vm, capacity: 100Mbit, fabric: rack, failback: 100ms }
  - { name: eth2, capacity: 100Mbit, fabric: rack, failback: 0ms }
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "52:54:00:d2:00:01", addresses: [10.9.0.1] }
    aggregate:
      balance: hash
      slices: [${slices.map((nic) => `{ nic: ${nic}, egress: { limit: 20Mbit } }`).join(", ")}]
`;

const unitsOf = (bed: DaemonBed): Machines["units"] => machinesOf(bed, "dd-vm")?.units ?? {};

const nicState = async (bed: DaemonBed, nic: string): Promise<string | undefined> =>
  (await bed.client.nics()).find(({ name }) => name === nic)?.state;

const domainState = async (bed: DaemonBed): Promise<string | undefined> =>
  (await bed.client.domains()).find(({ name }) => name === "dd-vm")?.state;

async function isUp(bed: DaemonBed): Promise<void> {
  const options = { timeout: BOOT_MS, interval: 200 };
  await expect.poll(() => domainState(bed), options).toBe("up");
  await expect.poll(() => nicState(bed, "eth1"), options).toBe("up");
}

test("a spare takes over from a machine that is lost or hangs, and another one stands by", {
  timeout: 600_000,
}, async () => {
  await using bed = new DaemonBed("gona-c2", []);
  using _ = new EndOfMachines(bed);
  const daemon = bed.spawnDaemon();
  await daemon.line("ready", (line) => line.msg === "ready");
  await bed.client.apply({ text: spec(bed, { spare: true, slices: ["eth1"] }) });
  await isUp(bed);
  bed.dressSteadyGuest();
  const streams = await bed.startTraffic(PER_SECOND);
  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    await expect.poll(() => Object.keys(unitsOf(bed)), { timeout: BOOT_MS, interval: 200 }).toHaveLength(2);
    const found = machinesOf(bed, "dd-vm");
    const pid = found?.units[found.active]?.pid;
    if (found === undefined || pid === undefined) throw new Error("the machine has no pid");
    process.kill(pid, signal);
    await expect.poll(() => machinesOf(bed, "dd-vm")?.active, { timeout: BOOT_MS }).not.toBe(found.active);
    expect(await domainState(bed)).toBe("up");
  }
  const mended = (await bed.client.events()).filter(({ kind }) => kind === "domain-mended");
  expect(mended.map(({ message }) => message)).toEqual([
    expect.stringMatching(/killed by SIGKILL: its spare took over/),
    expect.stringMatching(/it hung: no answer for \d+ ms: its spare took over/),
  ]);
  for (const stream of streams) {
    const { sent, received } = await endStream(stream);
    expect(received, stream.name).toBeGreaterThan(sent / 2);
  }
  // Both of them lost at once are a loss of the domain, which starts anew.
  await expect.poll(() => Object.keys(unitsOf(bed)), { timeout: BOOT_MS, interval: 200 }).toHaveLength(2);
  for (const machine of Object.values(unitsOf(bed))) process.kill(machine.pid, "SIGKILL");
  await expect.poll(() => domainState(bed), { timeout: BOOT_MS, interval: 20 }).not.toBe("up");
  await isUp(bed);
  await daemon.stop("SIGTERM");
});
