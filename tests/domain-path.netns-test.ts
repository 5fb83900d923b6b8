import { listNamespaces } from "@gona/kernel";
import { expect, test } from "vitest";
import { DaemonBed, endStream, type JsonProcess, type Stream } from "./daemon-bed.ts";
import { MachineDrops } from "./machine-drops.ts";
import { run } from "./run.ts";

const PER_SECOND = 2000;
const DEADLINE_MS = 90_000;
const MAC = "52:54:00:d2:00:01";
type Places = Readonly<Record<"eth1" | "eth2", string>>;
const IN_HUB: Places = { eth1: "host", eth2: "host" };

const spec = (bed: DaemonBed, places: Places) => `apiVersion: gona/v1
domains:
  - { name: dd-a, isolation: netns }
  - { name: dd-b, isolation: netns }
nics:
  - { name: eth1, domain: ${places.eth1}, capacity: 2Gbit, fabric: rack, failback: 500ms }
  - { name: eth2, domain: ${places.eth2}, capacity: 2Gbit, fabric: rack, failback: 500ms }
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "${MAC}", addresses: [10.9.0.1] }
    aggregate:
      balance: hash
      slices:
        - { nic: eth1, egress: { limit: 500Mbit }, ingress: { limit: 400Mbit } }
        - { nic: eth2, egress: { limit: 500Mbit } }
`;

/** Where each link is, by the namespaces' own word. */
const isIn = (netns: string, link: string): boolean => run("ip", "-n", netns, "-o", "link").includes(`: ${link}@`);
const netnsOf = (bed: DaemonBed, place: string): string =>
  place === "host" ? bed.netns("hub") : `${bed.netns("hub")}.${place}`;

/** Waits until each NIC is where it belongs and carries. */
async function arrived(bed: DaemonBed, places: Places): Promise<void> {
  const look = async () => {
    const { converged } = await bed.client.status();
    const up = (await bed.client.nics()).map(({ state }) => state);
    const there = (["eth1", "eth2"] as const).filter((nic) => {
      const netns = netnsOf(bed, places[nic]).split("/").at(-1) ?? "";
      return listNamespaces().includes(netns) && isIn(netns, nic);
    });
    return { converged, up, there };
  };
  await expect
    .poll(look, { timeout: DEADLINE_MS, interval: 100 })
    .toEqual({ converged: true, up: ["up", "up"], there: ["eth1", "eth2"] });
}

async function start(bed: DaemonBed, places: Places): Promise<JsonProcess> {
  const daemon = bed.spawnDaemon();
  await daemon.line("ready", (line) => line.msg === "ready");
  await bed.client.apply({ text: spec(bed, places) });
  await arrived(bed, places);
  return daemon;
}

async function lossesOf(streams: readonly Stream[], machine: MachineDrops) {
  const results = [];
  for (const stream of streams) {
    const { losses } = await endStream(stream);
    results.push({ stream: stream.name, ours: losses.filter(({ fromMs, toMs }) => !machine.within(fromMs, toMs)) });
  }
  return results;
}
const NOTHING_LOST = [
  { stream: "steady to switch", ours: [] },
  { stream: "switch to steady", ours: [] },
];

test("NICs move between the hub and two domains under traffic, and no packet is lost", {
  timeout: 400_000,
}, async () => {
  await using bed = new DaemonBed("gona-a1", []);
  const daemon = await start(bed, IN_HUB);
  bed.dressSteadyGuest();
  using machine = new MachineDrops();
  const streams = await bed.startTraffic(PER_SECOND);
  const sets: readonly Places[] = [
    { eth1: "dd-a", eth2: "host" },
    { eth1: "dd-a", eth2: "dd-b" },
    { eth1: "dd-b", eth2: "dd-a" },
    IN_HUB,
  ];
  for (const places of sets) {
    await bed.client.apply({ text: spec(bed, places) });
    await arrived(bed, places);
  }
  expect(await lossesOf(streams, machine)).toEqual(NOTHING_LOST);
  expect((await bed.client.status()).verdicts.over_trunk ?? 0).toBeGreaterThan(0);
  await daemon.stop("SIGTERM");
});

test("a daemon that starts again takes over NICs in domains, and nothing is lost while none runs", {
  timeout: 300_000,
}, async () => {
  await using bed = new DaemonBed("gona-a2", []);
  const places: Places = { eth1: "dd-a", eth2: "host" };
  const first = await start(bed, places);
  bed.dressSteadyGuest();
  using machine = new MachineDrops();
  const streams = await bed.startTraffic(PER_SECOND);
  let daemon = first;
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    await daemon.stop(signal);
    daemon = bed.spawnDaemon();
    await daemon.line("ready", (line) => line.msg === "ready");
    await arrived(bed, places);
  }
  const moved = (await bed.client.events()).filter(({ kind }) => kind === "nic-moved");
  expect(moved.map(({ subject }) => subject)).toEqual(["eth1"]);
  expect(await lossesOf(streams, machine)).toEqual(NOTHING_LOST);
});

const agentOf = async (bed: DaemonBed, name: string): Promise<number> =>
  (await bed.client.domains()).find((domain) => domain.name === name)?.pid as number;

test("a daemon that finds an agent dead and its queues gone starts the agent and mends the queues", {
  timeout: 300_000,
}, async () => {
  await using bed = new DaemonBed("gona-a5", []);
  const places: Places = { eth1: "dd-a", eth2: "dd-b" };
  const first = await start(bed, places);
  const agent = await agentOf(bed, "dd-a");
  await first.stop("SIGKILL");
  process.kill(agent, "SIGKILL");
  const domain = netnsOf(bed, "dd-a");
  run("tc", "-n", domain, "qdisc", "delete", "dev", "eth1", "root");
  const next = bed.spawnDaemon();
  await next.line("ready", (line) => line.msg === "ready");
  await arrived(bed, places);
  expect(run("tc", "-n", domain, "class", "show", "dev", "eth1")).toContain("ceil 500Mbit");
});

test("an apply waits for an agent that is being restarted", { timeout: 300_000 }, async () => {
  await using bed = new DaemonBed("gona-a6", []);
  const places: Places = { eth1: "dd-a", eth2: "dd-b" };
  await start(bed, places);
  for (const limit of [300, 200, 100]) {
    const agent = await agentOf(bed, "dd-a");
    process.kill(agent, "SIGKILL");
    await expect.poll(() => agentOf(bed, "dd-a"), { timeout: DEADLINE_MS, interval: 1 }).not.toBe(agent);
    await bed.client.apply({ text: spec(bed, places).replaceAll("500Mbit", `${limit}Mbit`) });
    const classes = run("tc", "-n", netnsOf(bed, "dd-a"), "class", "show", "dev", "eth1");
    expect(classes).toContain(`ceil ${limit}Mbit`);
  }
});

test("a cable that is cut in a domain is seen by the packet path, and the NIC comes back", {
  timeout: 300_000,
}, async () => {
  await using bed = new DaemonBed("gona-a3", []);
  const places: Places = { eth1: "dd-a", eth2: "host" };
  await start(bed, places);
  bed.dressSteadyGuest();
  const stream = await bed.startStream("steady", "switch", "10.9.255.1", 5301, PER_SECOND);
  const wire = bed.netns("switch");
  for (let cut = 0; cut < 2; cut++) {
    run("ip", "-n", wire, "link", "set", "to-eth1", "down");
    await expect
      .poll(async () => (await bed.client.nics()).find(({ name }) => name === "eth1")?.state, { timeout: DEADLINE_MS })
      .toBe("down");
    run("ip", "-n", wire, "link", "set", "to-eth1", "up");
    await arrived(bed, places);
  }
  const { losses } = await endStream(stream);
  // User space hears of it up to a second late: that would be 2,000 packets for each cut.
  expect(losses.reduce((sum, { lost }) => sum + lost, 0)).toBeLessThan(PER_SECOND / 10);
});

test("a teardown gives the NICs back to the hub and leaves no trunk and no namespace", {
  timeout: 300_000,
}, async () => {
  await using bed = new DaemonBed("gona-a4", []);
  const daemon = await start(bed, { eth1: "dd-a", eth2: "dd-b" });
  const hub = bed.netns("hub");
  expect(isIn(hub, "gt-eth1")).toBe(true);
  await daemon.stop("SIGTERM");
  const { code } = await bed.spawnDaemon(["--teardown"]).ended();
  expect(code).toBe(0);
  expect(["eth1", "eth2"].map((nic) => isIn(hub, nic))).toEqual([true, true]);
  expect(run("ip", "-n", hub, "-o", "link")).not.toMatch(/gt-|gd-/);
  expect(listNamespaces().filter((name) => name.startsWith(`${hub}.`))).toEqual([]);
});
