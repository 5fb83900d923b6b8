import { cpus } from "node:os";
import { join } from "node:path";
import type { FabricId, NicId } from "@gona/model";
import { GonaError } from "@gona/model";
import type { Scenario } from "../scenario/scenario.ts";
import { addressLines, bedCommands, plugLines, vifLines } from "./bed-commands.ts";
import {
  type BedPlan,
  namespacesOfPlan,
  type PlannedNic,
  planBed,
  portOf,
  type Station,
  stationOf,
  switchOf,
} from "./bed-plan.ts";
import { FarEnd } from "./far-end.ts";
import { hubNetns, type LabPaths, labPaths } from "./lab-paths.ts";
import { LabProcess, type LabProcessOptions } from "./lab-process.ts";
import { ovsTable, plugIntoOvs } from "./ovs-ports.ts";
import { OvsSwitch } from "./ovs-switch.ts";
import { ipBatch, runCommand, runInside } from "./run-command.ts";
import { claimLab, namespacesOf, sweep } from "./sweep.ts";
import { type LearntMac, switchTable } from "./switch-table.ts";
import { waitUntil } from "./wait-until.ts";

export interface LabBedOptions {
  /** The lab outlives this process: nobody owns it, `gona lab down` removes it. */
  readonly stays?: boolean;
}

/**
 * A built test bed: hub, switches, peers and guests in namespaces of their own, joined by veths.
 * Disposal removes all of it, processes first.
 */
export class LabBed implements AsyncDisposable {
  readonly scenario: Scenario;
  readonly plan: BedPlan;
  readonly paths: LabPaths;
  readonly farEnd: FarEnd;
  readonly #processes = new Set<LabProcess>();

  private constructor(scenario: Scenario, plan: BedPlan, paths: LabPaths, farEnd: FarEnd) {
    this.scenario = scenario;
    this.plan = plan;
    this.paths = paths;
    this.farEnd = farEnd;
  }

  /** Sweeps what a crash may have left, then builds. Throws GonaError; what was built is removed then. */
  static async build(scenario: Scenario, options: LabBedOptions = {}): Promise<LabBed> {
    if (process.getuid?.() !== 0) {
      throw new GonaError("NO_CAPABILITY", "a lab makes network namespaces, which takes root");
    }
    const plan = planBed(scenario);
    const paths = labPaths(scenario.name);
    await sweep(scenario.name);
    try {
      claimLab(scenario.name, scenario.file, options.stays === true);
      await layTable(plan);
      const bed = new LabBed(scenario, plan, paths, await FarEnd.attach(plan, paths));
      await bed.#startSwitches(options.stays === true);
      return bed;
    } catch (error) {
      await sweep(scenario.name);
      throw error;
    }
  }

  /** A lab that is up, as another process built it. Throws NOT_FOUND. */
  static find(scenario: Scenario): LabBed {
    if (namespacesOf(scenario.name).length === 0) {
      throw new GonaError("NOT_FOUND", `lab ${scenario.name} is not up`, { hint: `gona lab up ${scenario.name}` });
    }
    const paths = labPaths(scenario.name);
    return new LabBed(scenario, planBed(scenario), paths, FarEnd.find(paths));
  }

  station(name: string): Station {
    return stationOf(this.plan, name);
  }

  /** Starts a process in a namespace of the lab; it ends with the bed at the latest. */
  spawn(options: Omit<LabProcessOptions, "paths">): LabProcess {
    const child = new LabProcess({ ...options, paths: this.paths });
    this.#processes.add(child);
    void child.ended.then(() => this.#processes.delete(child));
    return child;
  }

  /**
   * The switch's end goes down, and the NIC loses its carrier; until then the port receives, as a cable would. By
   * itself a veth drops what comes by a CPU's backlog from the moment at which it is marked down, an RCU grace period
   * before its peer loses the carrier: 1 ms, and 6 to 18 on a busy machine (enqueue_to_backlog, dev_deactivate_many
   * and veth_close, Linux 6.18). So nothing is handed to another CPU any more, and the NIC does without TSO
   * for that moment: only what needs no cutting goes by the port's own queue (veth_skb_is_eligible_for_gro).
   */
  async cut(nic: NicId): Promise<void> {
    const { netns, link } = portOf(this.plan, nic);
    await this.#offload(nic, "off");
    await handOut(netns, [link], "0", [`ip link set ${link} down`]);
    await this.#offload(nic, "on");
  }

  /** Of a NIC in the hub; one that is in a driver domain stays as it is. */
  async #offload(nic: NicId, tso: "on" | "off"): Promise<void> {
    try {
      await runInside(this.plan.hub, "ethtool", ["-K", nic, "tso", tso]);
    } catch (error) {
      if (!(error instanceof GonaError && error.code === "KERNEL_REFUSED")) throw error;
    }
  }

  async heal(nic: NicId): Promise<void> {
    const { netns, link } = portOf(this.plan, nic);
    await receiveInOrder(netns, [link]);
    await ipBatch(netns, plugLines(link));
  }

  /** The switch's port forwards nothing any more, either way, while the carrier lives on. */
  async silence(nic: NicId): Promise<void> {
    await this.#portState(nic, PORT_DISABLED);
  }

  async mend(nic: NicId): Promise<void> {
    await this.#portState(nic, PORT_FORWARDING);
  }

  async #portState(nic: NicId, state: number): Promise<void> {
    const { netns, link } = portOf(this.plan, nic);
    // `ip link set … type bridge_slave state 0` is undone by the bridge at once (6.18).
    await runCommand("bridge", ["-n", netns, "link", "set", "dev", link, "state", `${state}`]);
  }

  /** The NIC vanishes from the host, and its switch port with it. */
  async unplug(nic: NicId): Promise<void> {
    await ipBatch(await this.#placeOf(nic), [`link delete ${nic}`]);
  }

  /** The daemon may be moving it into a driver domain at this moment. */
  async #bringUp(nic: NicId): Promise<void> {
    const tryOnce = async (): Promise<true | undefined> => {
      try {
        const netns = await this.#placeOf(nic);
        await ipBatch(netns, [`link set ${nic} up`]);
        await ownQueue(netns, [nic]);
        return true;
      } catch (error) {
        if (error instanceof GonaError) return undefined;
        throw error;
      }
    };
    await waitUntil(`${nic} is up`, tryOnce, { withinMs: 10_000 });
  }

  /** Where a NIC is: the hub, or the namespace of a driver domain. */
  async #placeOf(nic: NicId): Promise<string> {
    for (const netns of [this.plan.hub, ...domainNamespaces(this.plan.lab)]) {
      if (await hasLink(netns, nic)) return netns;
    }
    throw new GonaError("SCENARIO_FAILED", `${nic} is nowhere in lab ${this.plan.lab}`);
  }

  /** The scenario's NICs that are in a namespace. */
  async nicsIn(netns: string): Promise<readonly NicId[]> {
    const links = new Set(await linksIn(netns));
    return this.plan.nics.map(({ nic }) => nic).filter((nic) => links.has(nic));
  }

  /** Whether a NIC's cable is there: a veth goes with its other end. */
  async hasPort(nic: NicId): Promise<boolean> {
    const { netns, link } = portOf(this.plan, nic);
    return hasLink(netns, link);
  }

  /**
   * A NIC that was unplugged comes back, as a new link under the old name and down, as a driver's first word leaves it;
   * its cable is in. Returns when the hub had it, milliseconds since 1970.
   */
  async plug(nic: NicId): Promise<number> {
    const { port } = this.plan.nics.find((item) => item.nic === nic) as PlannedNic;
    const { netns, link, ifindex } = port;
    await ipBatch(netns, [
      `link add ${link} index ${ifindex} type veth peer name ${nic}`,
      `link set ${link} master br0`,
    ]);
    await ownQueue(netns, [link]);
    await this.farEnd.attachPort(port);
    await ipBatch(netns, plugLines(link));
    await ipBatch(netns, [`link set ${nic} netns ${this.plan.hub}`]);
    const atMs = Date.now();
    await this.#bringUp(nic);
    return atMs;
  }

  /** What a switch has learnt: the bridge's forwarding table without its own addresses. */
  switchTable(fabric: FabricId): Promise<readonly LearntMac[]> {
    const found = switchOf(this.plan, fabric);
    return found.ovs === undefined ? switchTable(found) : ovsTable(this.ovs(fabric), found);
  }

  /** The Open vSwitch that is a fabric's switch. */
  ovs(fabric: FabricId): OvsSwitch {
    return new OvsSwitch(join(this.paths.ovs, fabric));
  }

  async #startSwitches(stays: boolean): Promise<void> {
    for (const planned of this.plan.switches) {
      if (planned.ovs === undefined) continue;
      const ovs = this.ovs(planned.fabric);
      await ovs.start((name, command, args) => {
        this.spawn({ name: `${name}-${planned.fabric}`, netns: planned.netns, command, args, stays });
      });
      await plugIntoOvs(ovs, planned);
    }
  }

  /** Waits for the links that GONA makes in guests' namespaces, and gives them their addresses. */
  async dressCreatedVifs(withinMs = 60_000): Promise<void> {
    for (const station of this.plan.stations) {
      const made = station.links.filter(({ other }) => other.kind === "gona");
      for (const link of made) {
        await waitUntil(
          `GONA makes ${link.name} for ${station.name}`,
          async () => ((await hasLink(station.netns, link.name)) ? true : undefined),
          { withinMs },
        );
        await ipBatch(station.netns, [`link set ${link.name} up`, ...addressLines(link)]);
        if (hasOvs(this.plan)) await ownChecksums(station.netns, [link.name]);
      }
    }
  }

  /** Ends the lab's processes and leaves the table as it is. */
  async stopProcesses(): Promise<void> {
    await Promise.all([...this.#processes].map((child) => child.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopProcesses();
    this.farEnd[Symbol.dispose]();
    await sweep(this.scenario.name);
  }
}

async function layTable(plan: BedPlan): Promise<void> {
  const namespaces = namespacesOfPlan(plan);
  await runCommand("ip", ["-batch", "-"], `${namespaces.map((name) => `netns add ${name}`).join("\n")}\n`);
  const { sysctls, batches } = bedCommands(plan);
  await Promise.all([...sysctls].map(([netns, values]) => setSysctls(netns, values)));
  for (const [netns, lines] of batches) await ipBatch(netns, lines);
  const ofOvs = new Set(plan.switches.filter(({ ovs }) => ovs !== undefined).map(({ netns }) => netns));
  await Promise.all(
    [...cablesOf(plan)].map(([netns, links]) =>
      // Open vSwitch takes no frame that is larger than the MTU, as GRO makes them.
      ofOvs.has(netns) ? receiveInOrder(netns, links) : ownQueue(netns, links),
    ),
  );
  await ipBatch(plan.hub, vifLines(plan));
  for (const { netns, links } of plan.stations) {
    const made = links.filter(({ other }) => other.kind !== "gona").map(({ name }) => name);
    if (hasOvs(plan)) await ownChecksums(netns, made);
    const own = links.filter(({ other }) => other.kind === "hub").map(({ name }) => name);
    if (own.length > 0) await receiveInOrder(netns, own);
  }
}

const hasOvs = (plan: BedPlan): boolean => plan.switches.some(({ ovs }) => ovs !== undefined);

/** Frames leave with their checksums and within the MTU: Open vSwitch's userspace datapath does neither for them. */
async function ownChecksums(netns: string, links: readonly string[]): Promise<void> {
  await runInside(netns, "sh", ["-ec", links.map((link) => `ethtool -K ${link} tx off`).join("\n")]);
}

/** BR_STATE_DISABLED: unlike a port without carrier, it keeps what the switch has learnt behind it. */
const PORT_DISABLED = 0;
const PORT_FORWARDING = 3;

/** Both ends of every cable, and the hub's ends of guests' links, by namespace. */
function cablesOf(plan: BedPlan): Map<string, string[]> {
  const ends: [netns: string, link: string][] = [
    ...plan.nics.map(({ nic }): [string, string] => [plan.hub, nic]),
    ...plan.switches.flatMap(({ netns, ports }) => ports.map(({ link }): [string, string] => [netns, link])),
    ...plan.stations.flatMap(({ netns, links }) =>
      links.flatMap(({ name, other }): [string, string][] =>
        other.kind === "port" ? [[netns, name]] : other.kind === "hub" ? [[plan.hub, other.device]] : [],
      ),
    ),
  ];
  const byNetns = new Map<string, string[]>();
  for (const [netns, link] of ends) byNetns.set(netns, [...(byNetns.get(netns) ?? []), link]);
  return byNetns;
}

/**
 * Gives links a receive queue of their own, with NAPI and GRO, as a physical NIC has. It is used for what comes from a
 * link that cuts TCP segments itself, as Open vSwitch's and a NIC's that is being cut (see `LabBed.cut`); from others a
 * veth receives by the CPU's one backlog.
 */
async function ownQueue(netns: string, links: readonly string[]): Promise<void> {
  await runInside(netns, "sh", ["-ec", links.map((link) => `ethtool -K ${link} gro on`).join("\n")]);
  await receiveInOrder(netns, links);
}

/**
 * One flow is received by one CPU, as behind a NIC's hash. Left alone, a veth hands a packet to the CPU that sent
 * it, and a shaper sends from two (who enqueues, and its timer): up to 5 % of a flow's packets were overtaken
 * between the two ends of a cable. /sys shows the namespace that it was mounted in.
 */
const receiveInOrder = (netns: string, links: readonly string[]): Promise<void> => handOut(netns, links, allCpus());

/** To which CPUs links hand what they receive (a mask; 0: to none but the one that received it); then runs commands. */
async function handOut(
  netns: string,
  links: readonly string[],
  toCpus: string,
  then: readonly string[] = [],
): Promise<void> {
  const lines = links.map((link) => {
    const mask = `/sys/class/net/${link}/queues/rx-0/rps_cpus`;
    return `[ ! -e ${mask} ] || echo ${toCpus} > ${mask}`;
  });
  const script = ["mount -t sysfs sysfs /sys", ...lines, ...then].join("\n");
  await runInside(netns, "unshare", ["--mount", "sh", "-ec", script]);
}

/** A mask of every CPU as sysfs reads it: hexadecimal, 32 to a group. */
function allCpus(): string {
  const digits = ((1n << BigInt(cpus().length)) - 1n).toString(16);
  return digits.replace(/\B(?=(?:.{8})+$)/g, ",");
}

/** /proc/sys/net shows the namespace of whoever opens it; `sysctl` would need another package. */
async function setSysctls(netns: string, values: readonly string[]): Promise<void> {
  const script = values.map((value) => value.split("=")).map(([name, to]) => `echo ${to} > /proc/sys/${name}`);
  await runInside(netns, "sh", ["-ec", script.join("\n")]);
}

const hasLink = async (netns: string, name: string): Promise<boolean> => (await linksIn(netns)).includes(name);

async function linksIn(netns: string): Promise<readonly string[]> {
  const links = JSON.parse(await runCommand("ip", ["-n", netns, "-json", "link", "show"])) as { ifname: string }[];
  return links.map(({ ifname }) => ifname);
}

/** Of driver domains: what the daemon made beside the hub. */
const domainNamespaces = (lab: string): readonly string[] =>
  namespacesOf(lab).filter((netns) => netns.startsWith(`${hubNetns(lab)}.`));
