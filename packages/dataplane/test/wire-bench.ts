import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import {
  createNamespace,
  deleteNamespace,
  enterCommand,
  LinuxKernel,
  PacketReceiver,
  PacketSender,
  TC_CLSACT,
  tcHandle,
} from "@gona/kernel";
import { classMinor } from "@gona/planner";
import { Limit } from "../src/abi.ts";
import { type BenchNic, type BenchVif, ProgramBench } from "./program-bench.ts";

const PREFIX = process.env.GONA_TEST_PREFIX ?? "gona-b";
/** Mbit/s. */
const MEAGRE = 0.01;
const HUB = `${PREFIX}-hub`;
const SWITCH = `${PREFIX}-switch`;
const PEER = `${PREFIX}-peer`;

export interface WireGuest extends Omit<BenchVif, "ifindex"> {
  readonly name: string;
  /** With prefix length; set up in the guest. */
  readonly ip?: readonly string[];
}

export interface WireOptions {
  /** One port of the switch each; slots from 0. */
  readonly nics: readonly Omit<BenchNic, "slot" | "ifindex" | "outIfindex" | "netdev">[];
  readonly guests: readonly WireGuest[];
  readonly peer: { readonly mac: string; readonly ip: readonly string[] };
}

export interface IperfReport {
  readonly end: {
    /** One for each flow. */
    readonly streams?: readonly { readonly sender: { readonly bytes: number } }[];
    readonly sum_sent: { readonly bytes: number };
    readonly sum_received: { readonly bytes: number; readonly bits_per_second: number };
  };
}

/**
 * The programs on real links: a hub with NICs (veths to one plain bridge) and vifs (veths to guests),
 * and a peer on that bridge. Set up by hand, so that only the programs are tested.
 */
export class WireBench implements AsyncDisposable {
  readonly programs = new ProgramBench("from filters");
  readonly #stack = new AsyncDisposableStack();
  readonly #hub: LinuxKernel;
  readonly #switch: LinuxKernel;
  readonly #netdevs: bigint[] = [];

  private constructor(guests: readonly WireGuest[]) {
    this.#stack.use(this.programs);
    for (const name of [HUB, SWITCH, PEER, ...guests.map((guest) => netnsOf(guest.name))]) {
      deleteNamespace(name); // what a killed test left
      createNamespace(name);
      this.#stack.defer(() => {
        deleteNamespace(name);
      });
    }
    this.#hub = this.#stack.use(LinuxKernel.open({ netns: HUB }));
    this.#switch = this.#stack.use(LinuxKernel.open({ netns: SWITCH }));
    this.#hub.useBpf(this.programs.object);
  }

  static async create(options: WireOptions): Promise<WireBench> {
    const bench = new WireBench(options.guests);
    try {
      await bench.#connect(options);
      return bench;
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #connect({ nics, guests, peer }: WireOptions): Promise<void> {
    ip(SWITCH, "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0");
    ip(SWITCH, "link set br0 up");
    const at = (netns: string, mac: string, addresses: readonly string[] = [], name = "eth0") => ({
      netns,
      name,
      mac,
      addresses,
    });
    await this.#switch.run([{ op: "vethCreate", link: "to-peer", peer: at(PEER, peer.mac, peer.ip) }]);
    for (const slot of nics.keys()) {
      const far = at(SWITCH, `02:99:00:00:00:0${slot}`, [], `port${slot}`);
      await this.#hub.run([{ op: "vethCreate", link: `nic${slot}`, peer: far }]);
      ip(SWITCH, `link set port${slot} master br0`);
    }
    ip(SWITCH, "link set to-peer master br0 up");
    for (const [slot, nic] of nics.entries()) {
      await this.#attach(`nic${slot}`, "gona_from_wire", slot);
      await this.#hub.run([{ op: "linkSet", link: `nic${slot}`, promiscuous: true }]);
      const ifindex = this.#ifindex(`nic${slot}`);
      this.programs.nic({ ...nic, slot, ifindex, outIfindex: ifindex });
      if (this.#hub.inside(() => this.programs.resolve(slot, ifindex)) !== 0)
        throw new Error(`nic${slot} not resolved`);
      this.#netdevs[slot] = this.programs.netdevOf(slot);
    }
    for (const guest of guests) {
      const link = `vif${guest.slot}`;
      await this.#hub.run([{ op: "vethCreate", link, peer: at(netnsOf(guest.name), guest.mac, guest.ip) }]);
      this.programs.vif({ ...guest, ifindex: this.#ifindex(link) });
      await this.#attach(link, "gona_from_guest", guest.slot);
    }
    for (const netns of [HUB, SWITCH, PEER, ...guests.map(({ name }) => netnsOf(name))]) receiveInOrder(netns);
  }

  async #attach(link: string, program: string, slot: number): Promise<void> {
    await this.#hub.run([
      { op: "linkSet", link, up: true },
      { op: "qdiscReplace", link, parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } },
      { op: "filterReplace", link, preference: 1, program, classid: slot + 1 },
    ]);
  }

  /** A veth pair in the hub with a tree for `slot`. Returns the first end's ifindex. */
  async spine(name: string, slot: number, megabits: number): Promise<number> {
    const link = `gq-${name}`;
    const far = `gp-${name}`;
    ip(HUB, `link add ${link} type veth peer name ${far}`);
    ip(HUB, `link set ${link} up`);
    this.tree(link, slot, megabits);
    await this.#attach(far, "gona_from_spine", 0);
    return this.#ifindex(link);
  }

  /**
   * An HTB with a class for `slot`, and parts below it: `[part, its assured part of the rate]`. What
   * does not find its class is in the default class, where nothing holds it back. `savedMs`: of the limit, while idle.
   */
  tree(
    link: string,
    slot: number,
    megabits: number,
    parts: readonly (readonly [number, number])[] = [],
    savedMs = 20,
  ): void {
    const major = Limit.HTB_MAJOR.toString(16);
    const minor = (part: number): string => `${major}:${classMinor(slot, part).toString(16)}`;
    const add = (parent: string, classid: string, rate: number, ceil: number): void => {
      const burst = Math.max(1514, (5e-3 * ceil * 1e6) / 8);
      const saved = Math.max(1514, (savedMs * ceil * 1e3) / 8);
      // Bulk flows beside sparse ones are assured nothing and have short turns, as the planner has it.
      const buckets = `burst ${rate < MEAGRE ? 1514 : burst} cburst ${saved} quantum ${rate < MEAGRE ? 1514 : 65536}`;
      tc(`class add dev ${link} parent ${parent} classid ${classid} htb rate ${rate}mbit ceil ${ceil}mbit ${buckets}`);
    };
    tc(`qdisc add dev ${link} root handle ${major}: htb default 2`);
    add(`${major}:`, `${major}:1`, 40_000, 40_000);
    add(`${major}:1`, `${major}:2`, 20_000, 40_000);
    add(`${major}:1`, minor(0), megabits, megabits);
    for (const [part, assured] of parts) {
      add(minor(0), minor(part), assured * megabits, megabits);
      // As GONA's leaves: GSO packets are cut, so that none stands in the way of others for 5 ms.
      const leaf = "tbf rate 50gbit burst 3100 limit 400000";
      tc(`qdisc add dev ${link} parent ${minor(part)} handle ${classMinor(slot, part).toString(16)}: ${leaf}`);
    }
  }

  /** Bytes and packets that a class of a spine, or of a NIC, has sent. */
  classSent(link: string, slot: number, part = 0): { readonly bytes: number; readonly packets: number } {
    const classid = ((Limit.HTB_MAJOR << 16) | classMinor(slot, part)) >>> 0;
    const sent = this.#hub.classes(link).find((each) => each.classid === classid)?.sent;
    return { bytes: Number(sent?.bytes ?? 0n), packets: Number(sent?.packets ?? 0n) };
  }

  #ifindex(link: string): number {
    const found = this.#hub.link(link);
    if (found === undefined) throw new Error(`${link} is not there`);
    return found.ifindex;
  }

  /** A NIC as it stands in the map, its device resolved. */
  nicRecord(slot: number): BenchNic {
    const ifindex = this.#ifindex(`nic${slot}`);
    return { slot, ifindex, outIfindex: ifindex, netdev: this.#netdevs[slot] ?? 0n };
  }

  /** Every frame that comes to a guest, `peer`, or a port of the switch (`port0`: what NIC 0 sends). */
  listen(where: string): PacketReceiver {
    const port = where.startsWith("port");
    return this.#stack.use(PacketReceiver.open(port ? where : "eth0", port ? SWITCH : netnsOf(where)));
  }

  sender(where: string): PacketSender {
    return this.#stack.use(PacketSender.open("eth0", { netns: netnsOf(where) }));
  }

  /** Sends by a NIC past the programs, as the daemon's announcements do. */
  hubSender(link: string): PacketSender {
    return this.#stack.use(PacketSender.open(link, { netns: HUB }));
  }

  /** Pulls or plugs the cable of a NIC, at the switch. */
  async cable(slot: number, plugged: boolean): Promise<void> {
    await this.#switch.run([{ op: "linkSet", link: `port${slot}`, up: plugged }]);
  }

  /** Runs a command to its end in a guest, or in `peer`. Throws with what it said. */
  run(where: string, ...command: readonly string[]): string {
    return run(netnsOf(where), command);
  }

  /** Runs a command until the bench is gone; resolves when it has said its first words. */
  async start(where: string, ...command: readonly string[]): Promise<void> {
    const [file, ...rest] = enterCommand(netnsOf(where), command);
    const child = spawn(file, rest, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    this.#stack.defer(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    await once(child.stdout, "data", { signal: AbortSignal.timeout(60_000) });
    child.stdout.resume();
  }

  /** One iperf3 client in a guest against `peer`, or another guest, at `to`. */
  async iperf(from: string, to: string, options: readonly string[], server = "peer"): Promise<IperfReport> {
    const [file, ...rest] = enterCommand(netnsOf(server), ["iperf3", "-s", "-1", "--forceflush"]);
    const listener = spawn(file, rest, { stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(listener, "exit");
    try {
      await once(listener.stdout, "data", { signal: AbortSignal.timeout(60_000) }); // it listens
      const client = run(netnsOf(from), ["iperf3", "-J", "-c", to, ...options]);
      return JSON.parse(client) as IperfReport;
    } finally {
      listener.kill();
      await ended;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/**
 * One flow is received by one CPU, as behind a NIC's hash. Left alone, a veth hands a packet to the CPU that sent it, and a
 * shaper sends from two, so that packets overtake each other behind the queues that a test is about.
 */
function receiveInOrder(netns: string): void {
  const allCpus = ((1n << BigInt(cpus().length)) - 1n).toString(16).replace(/\B(?=(?:.{8})+$)/g, ",");
  const script = `mount -t sysfs sysfs /sys; for each in /sys/class/net/*/queues/rx-0/rps_cpus; do echo ${allCpus} > $each; done`;
  run(netns, ["unshare", "--mount", "sh", "-ec", script]);
}

const netnsOf = (name: string): string => `${PREFIX}-${name}`;

const tc = (words: string): string => run(HUB, ["tc", ...words.split(" ")]);

function ip(netns: string, words: string): void {
  run(netns, ["ip", ...words.split(" ")]);
}

function run(netns: string, command: readonly string[]): string {
  const [file, ...rest] = enterCommand(netns, command);
  const result = spawnSync(file, rest, { encoding: "utf8", timeout: 120_000, maxBuffer: 1 << 24 });
  if (result.status !== 0) {
    throw new Error(
      `${command.join(" ")} in ${netns}: ${result.error?.message ?? ""} ${result.stderr}${result.stdout}`,
    );
  }
  return result.stdout;
}
