import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
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
import { type BenchNic, type BenchVif, ProgramBench } from "./program-bench.ts";

const PREFIX = "gona-b";
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
  readonly end: { readonly sum_sent: { readonly bytes: number }; readonly sum_received: { readonly bytes: number } };
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
  }

  async #attach(link: string, program: string, slot: number): Promise<void> {
    await this.#hub.run([
      { op: "linkSet", link, up: true },
      { op: "qdiscReplace", link, parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } },
      { op: "filterReplace", link, preference: 1, program, classid: slot + 1 },
    ]);
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

  /** One iperf3 client in a guest against `peer` at `to`. */
  async iperf(from: string, to: string, options: readonly string[]): Promise<IperfReport> {
    const [file, ...rest] = enterCommand(PEER, ["iperf3", "-s", "-1", "--forceflush"]);
    const server = spawn(file, rest, { stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(server, "exit");
    try {
      await once(server.stdout, "data", { signal: AbortSignal.timeout(5000) }); // it listens
      const client = run(netnsOf(from), ["iperf3", "-J", "-c", to, ...options]);
      return JSON.parse(client) as IperfReport;
    } finally {
      server.kill();
      await ended;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

const netnsOf = (name: string): string => `${PREFIX}-${name}`;

function ip(netns: string, words: string): void {
  run(netns, ["ip", ...words.split(" ")]);
}

function run(netns: string, command: readonly string[]): string {
  const [file, ...rest] = enterCommand(netns, command);
  const result = spawnSync(file, rest, { encoding: "utf8", timeout: 30_000, maxBuffer: 1 << 24 });
  if (result.status !== 0) {
    throw new Error(
      `${command.join(" ")} in ${netns}: ${result.error?.message ?? ""} ${result.stderr}${result.stdout}`,
    );
  }
  return result.stdout;
}
