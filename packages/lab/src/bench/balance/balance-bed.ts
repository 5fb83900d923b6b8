import { setTimeout as delay } from "node:timers/promises";
import { nicId } from "@gona/model";
import { portOf } from "../../bed/bed-plan.ts";
import { DaemonUnderTest } from "../../bed/daemon-under-test.ts";
import { addressHex, type FlowCount } from "../../bed/far-end-records.ts";
import { LabBed } from "../../bed/lab-bed.ts";
import { runCommand, runInside } from "../../bed/run-command.ts";
import { benchScenario } from "../bench-scenario.ts";
import type { LoadSource } from "../load/load-plan.ts";
import { type LoadHost, startSink } from "../load/running-load.ts";
import { rateBetween } from "../qos-bed/measure-rates.ts";
import {
  balanceScenario,
  balanceSpec,
  FLOW_PORT,
  GUEST,
  GUEST_ADDRESS,
  LOAD_PORT,
  PEERS,
  peerAddress,
  peerName,
  type Shape,
  slicesOf,
  type Variant,
} from "./balance-spec.ts";
import { FlowProgram } from "./flow-program.ts";
import { OrderBook } from "./order-book.ts";

/** Announcements of a guest's new MACs have arrived, and queues of the load before are empty. */
const SETTLE_MS = 400;

const LOOK_MS = 1000;

/** What the guest's slices carried, bit/s in their order. */
export type SliceRates = readonly number[];

/** A guest with slices of two NICs (or of one that is as fast as both), peers behind a switch, and a daemon. */
export class BalanceBed implements AsyncDisposable {
  readonly bed: LabBed;
  readonly shape: Shape;
  readonly loadHost: LoadHost;
  readonly orders: OrderBook;
  readonly #daemon: DaemonUnderTest;
  #variant: Variant = "hash";
  #streams = 0;

  private constructor(bed: LabBed, shape: Shape, daemon: DaemonUnderTest, orders: OrderBook) {
    this.bed = bed;
    this.shape = shape;
    this.orders = orders;
    this.#daemon = daemon;
    this.loadHost = { home: bed.plan.hub, spawn: (options) => bed.spawn(options) };
  }

  /** Throws GonaError; what was built is removed then. */
  static async build(shape: Shape): Promise<BalanceBed> {
    const bed = await LabBed.build(benchScenario("bench-balance", balanceScenario(shape)));
    try {
      // What one round's TCP learnt of a path is not for the next one's.
      for (const { netns } of bed.plan.stations)
        await runInside(netns, "sh", ["-ec", "echo 1 > /proc/sys/net/ipv4/tcp_no_metrics_save"]);
      await receiveByFlow(bed);
      const daemon = await DaemonUnderTest.start(bed);
      const it = new BalanceBed(bed, shape, daemon, await OrderBook.attach(bed, GUEST, peerName(0)));
      await FlowProgram.receive(it.loadHost, {
        netns: bed.station(peerName(0)).netns,
        address: peerAddress(0),
        port: FLOW_PORT,
      });
      await startSink(it.loadHost, "sink", [
        { netns: bed.station(peerName(0)).netns, address: peerAddress(0), port: LOAD_PORT },
        { netns: bed.station(GUEST).netns, address: GUEST_ADDRESS, port: LOAD_PORT },
      ]);
      return it;
    } catch (error) {
      await bed[Symbol.asyncDispose]();
      throw error;
    }
  }

  get variant(): Variant {
    return this.#variant;
  }

  get limits(): readonly number[] {
    return slicesOf(this.shape, this.#variant).map(({ limit }) => limit);
  }

  /** The guest's flows go by this from now on. Throws GonaError: what the daemon says of it. */
  async use(variant: Variant): Promise<void> {
    await this.#daemon.client.apply({ text: balanceSpec(this.shape, variant), file: "balance.yaml" });
    this.#variant = variant;
    await delay(SETTLE_MS);
    await this.relearn();
  }

  /** Peers and guest ask anew for each other's MACs, as if they spoke for the first time. */
  async relearn(): Promise<void> {
    const peers = Array.from({ length: PEERS }, (_, peer) => this.bed.station(peerName(peer)));
    for (const { netns, links } of peers)
      await runCommand("ip", ["-n", netns, "neigh", "flush", "dev", links[0]?.name ?? "eth0"]);
  }

  /** Of numbered datagrams, so that those of two runs are not taken for one. */
  nextStream(): number {
    this.#streams += 1;
    return this.#streams;
  }

  /** Long TCP flows from the guest to the first peer; `fromPort`: of the first of them. */
  outward(flows: number, fromPort: number, paceBitsPerSecond?: number): LoadSource {
    const { netns } = this.bed.station(GUEST);
    return {
      name: `${GUEST}-${fromPort}`,
      ...{ netns, from: GUEST_ADDRESS, to: peerAddress(0), port: LOAD_PORT, kind: "tcp", congestion: "cubic" },
      ...{ flows, fromPort },
      ...(paceBitsPerSecond !== undefined && { paceBitsPerSecond }),
    };
  }

  /** One long TCP flow from a peer to the guest. */
  inward(peer: number, fromPort: number, paceBitsPerSecond: number): LoadSource {
    const { netns } = this.bed.station(peerName(peer));
    return {
      name: peerName(peer),
      ...{ netns, from: peerAddress(peer), to: GUEST_ADDRESS, port: LOAD_PORT, kind: "tcp", congestion: "cubic" },
      ...{ flows: 1, fromPort, paceBitsPerSecond },
    };
  }

  /** L2 bytes that each slice has carried since the beginning, by the switch. */
  carriedBytes(direction: "egress" | "ingress"): readonly number[] {
    return this.#carried(direction).map((count) => Number(count?.bytes ?? 0n));
  }

  /** Rates of each slice in each second of a window. */
  async watch(direction: "egress" | "ingress", windowMs: number, signal?: AbortSignal): Promise<readonly SliceRates[]> {
    const looks: SliceRates[] = [];
    let before = this.#carried(direction);
    for (let left = windowMs; left > 0; left -= LOOK_MS) {
      await delay(LOOK_MS, undefined, { signal });
      const after = this.#carried(direction);
      looks.push(after.map((count, slice) => rateSince(before[slice], count)));
      before = after;
    }
    return looks;
  }

  #carried(direction: "egress" | "ingress"): readonly (FlowCount | undefined)[] {
    const address = addressHex(GUEST_ADDRESS);
    const found = this.bed.farEnd.flows().filter((flow) => flow.address === address && flow.vlan === 0);
    return slicesOf(this.shape, this.#variant).map(({ nic }) => {
      const { ifindex } = portOf(this.bed.plan, nicId(nic));
      return found.find((flow) => flow.port === ifindex && flow.direction === (direction === "egress" ? "in" : "out"));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.orders[Symbol.dispose]();
    await this.bed[Symbol.asyncDispose]();
  }
}

/**
 * Behind the NICs, packets of a flow stand in one queue in the order in which the NICs sent them. The lab's cables have
 * a receive queue each (LabBed.ownQueue), which a busy machine empties when it comes to it: packets of one flow by two
 * NICs then overtook each other behind both of them, by milliseconds, which no balancer can know of. Without it
 * a veth hands each packet at once to the CPU of its flow.
 */
async function receiveByFlow({ plan }: LabBed): Promise<void> {
  for (const { netns, ports } of plan.switches)
    await runInside(netns, "sh", ["-ec", ports.map(({ link }) => `ethtool -K ${link} gro off`).join("\n")]);
  for (const { netns, kind, links } of plan.stations)
    if (kind === "peer")
      await runInside(netns, "sh", ["-ec", links.map(({ name }) => `ethtool -K ${name} gro off`).join("\n")]);
}

/** A slice that nothing came by before has begun in between: all of it counts, over the time since. */
function rateSince(before: FlowCount | undefined, after: FlowCount | undefined): number {
  if (before !== undefined || after === undefined) return rateBetween(before, after);
  return (Number(after.bytes) * 8e9) / Math.max(1e9, Number(after.lastNs - after.firstNs));
}
