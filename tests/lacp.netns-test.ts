import type { NicView } from "@gona/api";
import { enterCommand } from "@gona/kernel";
import { expect, test } from "vitest";
import { DaemonBed, endStream, type JsonProcess } from "./daemon-bed.ts";
import { OvsSwitch } from "./ovs-switch.ts";
import { run } from "./run.ts";

const PEER = "10.9.255.1";
const GUEST = "10.9.0.1";
const NICS = ["eth1", "eth2"] as const;
const PORTS = NICS.map((nic) => `to-${nic}`);
/** So few that Open vSwitch may go without a processor for two seconds before its sockets overflow. */
const PER_SECOND = 100;
/** Of a test: it starts Open vSwitch and up to three daemons. */
const LONG = { timeout: 300_000 };
const WAIT = { timeout: 60_000, interval: 100 };

const spec = (bed: DaemonBed, lacp: string) => `apiVersion: gona/v1
fabrics: [{ name: rack, lag: true, lacp: ${lacp} }]
nics:
  - { name: eth1, capacity: 1Gbit, fabric: rack, failback: 100ms }
  - { name: eth2, capacity: 1Gbit, fabric: rack, failback: 100ms }
guests:
  - name: steady
    vif: { create: { netns: ${bed.netns("steady")}, name: eth0 }, mac: "52:54:00:d2:00:01", addresses: [${GUEST}] }
    aggregate:
      balance: hash
      slices: [{ nic: eth1 }, { nic: eth2 }]
`;

/** A bed whose switch is Open vSwitch, both ports free. */
class LacpBed implements AsyncDisposable {
  readonly bed: DaemonBed;
  readonly ovs: OvsSwitch;
  readonly #lacp: string;

  private constructor(bed: DaemonBed, ovs: OvsSwitch, lacp: string) {
    this.bed = bed;
    this.ovs = ovs;
    this.#lacp = lacp;
  }

  static async make(name: string, lacp: string): Promise<LacpBed> {
    const bed = new DaemonBed(`gona-g-${name}`, []);
    try {
      run("ip", "-n", bed.netns("switch"), "link", "del", "br0");
      // The members' own stacks hear what the switch hears, and must not answer for it.
      inside(bed.netns("switch"), "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1");
      const ovs = await OvsSwitch.run(bed.netns("switch"));
      await ovs.addBridge("br0", `${PEER}/16`);
      return new LacpBed(bed, ovs, lacp);
    } catch (error) {
      await bed[Symbol.asyncDispose]();
      throw error;
    }
  }

  async bundle(...settings: readonly string[]): Promise<void> {
    await this.ovs.set("add-bond", "br0", "bond0", ...PORTS, "bond_mode=balance-tcp", ...settings);
  }

  async start(): Promise<JsonProcess> {
    const daemon = this.bed.spawnDaemon(["--spec", this.bed.file("host.yaml", spec(this.bed, this.#lacp))]);
    await expect.poll(() => daemon.lines.some(({ msg }) => msg === "ready"), WAIT).toBe(true);
    return daemon;
  }

  /** Its frames leave with their checksums: Open vSwitch's userspace datapath makes none. */
  dressGuest(): void {
    this.bed.dressSteadyGuest();
    inside(this.bed.netns("steady"), "ethtool", "-K", "eth0", "tx", "off");
  }

  /** Such as `eth1 up distributing`. */
  async standing(): Promise<readonly string[]> {
    return (await this.bed.client.nics()).map(({ name, state, lacp }) => `${name} ${state} ${lacp?.state}`);
  }

  async nic(name: string): Promise<NicView | undefined> {
    return (await this.bed.client.nics()).find((nic) => nic.name === name);
  }

  async bundled(): Promise<void> {
    await expect.poll(() => this.standing(), WAIT).toEqual(NICS.map((nic) => `${nic} up distributing`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ovs[Symbol.asyncDispose]();
    await this.bed[Symbol.asyncDispose]();
  }
}

function inside(netns: string, ...words: readonly string[]): string {
  const [command, ...args] = enterCommand(netns, words);
  return run(command, ...args);
}

/** 64 UDP flows from one end of the wire to the other; each has one frame. */
function flows(bed: DaemonBed, from: string, to: string): void {
  const script = `for port in $(seq 6001 6064); do echo x > /dev/udp/${to}/$port || true; done`;
  inside(bed.netns(from), "bash", "-c", script);
}

/** Frames that came in by a link. */
const received = (netns: string, link: string): number =>
  Number(/RX:[^\n]*\n\s+\d+\s+(\d+)/.exec(run("ip", "-n", netns, "-s", "link", "show", link))?.[1]);

test(
  "a bundle is negotiated with Open vSwitch, carries flows on both members and gets over the loss of one",
  LONG,
  async () => {
    await using lacp = await LacpBed.make("fast", "fast");
    const { bed, ovs } = lacp;
    await lacp.bundle("lacp=active", "other_config:lacp-time=fast");
    await lacp.start();
    await lacp.bundled();
    expect(await ovs.lacp("bond0")).toEqual(new Map(PORTS.map((port) => [port, "current attached"])));
    expect(await ovs.ask("lacp/show", "bond0")).toMatch(/status: active negotiated/);
    const [eth1, eth2] = await bed.client.nics();
    expect(eth1?.lacp).toMatchObject({ rate: "fast", reception: "current", flags: "ATGSCD--" });
    expect(eth2?.lacp?.partner?.system).toBe(eth1?.lacp?.partner?.system);
    expect(new Set([eth1, eth2].map((nic) => nic?.lacp?.partner?.port))).toEqual(new Set([1, 2]));
    const { why } = await bed.client.explain("steady");
    expect(why.join("\n")).toContain(`LACP on eth1: distributing since`);

    lacp.dressGuest();
    const counts = () => [
      ...PORTS.map((port) => received(bed.netns("switch"), port)),
      ...NICS.map((nic) => received(bed.netns("hub"), nic)),
    ];
    const before = counts();
    flows(bed, "steady", PEER);
    flows(bed, "switch", GUEST);
    // Of 64 flows each way, a fair hash leaves no member with fewer than 16 but once in ten thousand times.
    const passed = () => Math.min(...counts().map((count, i) => count - (before[i] ?? 0)));
    await expect.poll(passed, WAIT).toBeGreaterThanOrEqual(16);

    // By carrier.
    run("ip", "-n", bed.netns("switch"), "link", "set", "to-eth2", "down");
    await expect.poll(() => lacp.standing(), WAIT).toEqual(["eth1 up distributing", "eth2 down detached"]);
    const streams = await bed.startTraffic(500);
    for (const stream of streams) expect((await endStream(stream)).received).toBeGreaterThan(0);
    run("ip", "-n", bed.netns("switch"), "link", "set", "to-eth2", "up");
    await lacp.bundled();

    // By time-out: a queue that no frame fits into drops what the switch sends by that port, the carrier stays.
    const queue = ["dev", "to-eth2", "root"];
    run("tc", "-n", bed.netns("switch"), "qdisc", "add", ...queue, "bfifo", "limit", "1");
    await expect.poll(async () => (await lacp.nic("eth2"))?.state, WAIT).toBe("down");
    expect((await lacp.nic("eth1"))?.state).toBe("up");
    expect((await lacp.nic("eth2"))?.reason).toContain("silent");
    await expect.poll(() => ovs.ask("bond/show", "bond0"), WAIT).toMatch(/to-eth2: disabled/);
    run("tc", "-n", bed.netns("switch"), "qdisc", "del", ...queue);
    await lacp.bundled();
  },
);

test("a NIC is drained and given back, and the daemon replaced, without a lost packet", LONG, async () => {
  await using lacp = await LacpBed.make("slow", "slow");
  const { bed, ovs } = lacp;
  await lacp.bundle("lacp=active", "other_config:lacp-time=slow");
  const daemon = await lacp.start();
  await lacp.bundled();
  expect((await lacp.nic("eth1"))?.lacp).toMatchObject({ rate: "slow", flags: "A-GSCD--" });
  lacp.dressGuest();
  const [out, back] = await bed.startTraffic(PER_SECOND);
  const changes = async () =>
    (await ovs.ask("lacp/show-stats", "bond0")).match(/(?:Link Expired|Link Defaulted|Carrier Status Changed): \d+/g);
  const before = await changes();
  expect(before?.length).toBeGreaterThan(0);

  await bed.client.drain("eth2");
  await expect.poll(() => ovs.ask("bond/show", "bond0"), WAIT).toMatch(/to-eth2: disabled/);
  expect(await lacp.standing()).toEqual(["eth1 up distributing", "eth2 draining detached"]);
  await bed.client.undrain("eth2");
  await lacp.bundled();

  await daemon.stop("SIGTERM");
  const second = await lacp.start();
  expect(await lacp.standing()).toEqual(NICS.map((nic) => `${nic} up distributing`));
  await second.stop("SIGKILL");
  await lacp.start();
  expect(await lacp.standing()).toEqual(NICS.map((nic) => `${nic} up distributing`));

  expect(await changes()).toEqual(before);
  expect(await ovs.lacp("bond0")).toEqual(new Map(PORTS.map((port) => [port, "current attached"])));
  for (const stream of [out, back]) {
    if (stream === undefined) continue;
    const { losses } = await endStream(stream);
    expect({ stream: stream.name, losses }).toEqual({ stream: stream.name, losses: [] });
  }
});

test(
  "a switch without LACP is reported, one NIC goes alone, and LACP that is switched on later is taken up",
  LONG,
  async () => {
    await using lacp = await LacpBed.make("none", "fast");
    const { bed, ovs } = lacp;
    for (const port of PORTS) await ovs.set("add-port", "br0", port);
    await lacp.start();
    await expect.poll(() => lacp.standing(), WAIT).toEqual(["eth1 up distributing", "eth2 down detached"]);
    expect((await lacp.nic("eth1"))?.reason).toMatch(/no LACP partner: it is used alone.*`lacp: off`/);
    expect((await lacp.nic("eth2"))?.reason).toMatch(/no LACP partner: another NIC of the fabric is used alone/);
    expect((await lacp.nic("eth2"))?.lacp?.problem).toBe("no-partner");
    const told = (await bed.client.events())
      .filter(({ kind }) => kind === "lacp-problem")
      .map(({ subject }) => subject);
    expect(new Set(told)).toEqual(new Set(NICS));

    lacp.dressGuest();
    const hub = bed.netns("hub");
    const sent = () => run("ip", "-n", hub, "-s", "link", "show", "eth2").split("TX:")[1];
    const before = sent();
    const streams = await bed.startTraffic(500);
    for (const stream of streams) {
      const { received: heard, sent: said } = await endStream(stream);
      // Once each: the switch floods by both ports until it has learnt.
      expect(heard).toBeLessThanOrEqual(said);
    }
    expect(Number(/\d+\s+(\d+)/.exec(sent() ?? "")?.[1]) - Number(/\d+\s+(\d+)/.exec(before ?? "")?.[1])).toBeLessThan(
      100,
    );

    for (const port of PORTS) await ovs.set("del-port", "br0", port);
    await lacp.bundle("lacp=active", "other_config:lacp-time=fast");
    await lacp.bundled();
    expect((await lacp.nic("eth1"))?.reason).toBeUndefined();
  },
);

test("of two partners one is used, and the NIC at the other is reported", LONG, async () => {
  await using lacp = await LacpBed.make("two", "fast");
  const { ovs } = lacp;
  await ovs.addBridge("br1");
  for (const [i, port] of PORTS.entries()) {
    await ovs.set("add-port", `br${i}`, port, "--", "set", "port", port, "lacp=active", "other_config:lacp-time=fast");
  }
  await lacp.start();
  const problem = async () =>
    (await lacp.bed.client.nics()).flatMap(({ state, lacp: port }) => (state === "up" ? [] : [port?.problem]));
  await expect.poll(problem, WAIT).toEqual(["other-partner"]);
});
