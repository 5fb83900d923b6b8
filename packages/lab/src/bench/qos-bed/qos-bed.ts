import { nicId } from "@gona/model";
import { portOf, type Station } from "../../bed/bed-plan.ts";
import { type DaemonStart, DaemonUnderTest } from "../../bed/daemon-under-test.ts";
import { addressHex, type FlowCount } from "../../bed/far-end-records.ts";
import type { FlowName } from "../../bed/far-end-windows.ts";
import { LabBed } from "../../bed/lab-bed.ts";
import { ipBatch } from "../../bed/run-command.ts";
import { benchScenario } from "../bench-scenario.ts";
import type { LoadSource } from "../load/load-plan.ts";
import { type LoadHost, startSink } from "../load/running-load.ts";
import { type BenchSpec, guestAddress, guestDevice, PEER_ADDRESS, scenarioText, specText } from "./bench-spec.ts";

export type Direction = "egress" | "ingress";

/** What a load sends, without its ends. */
export type Kind =
  | { readonly kind: "tcp"; readonly congestion: "cubic" | "bbr"; readonly flows: number }
  | {
      readonly kind: "udp";
      readonly datagramBytes: number;
      readonly bitsPerSecond: number;
      readonly flows: number;
    };

const PORT = 5001;

/** A bed with counters at both far ends (the switch, the guests' links) and sinks at all of them. */
export class QosBed implements AsyncDisposable {
  readonly bed: LabBed;
  readonly spec: BenchSpec;
  readonly loadHost: LoadHost;
  #daemon: DaemonUnderTest | undefined;

  private constructor(bed: LabBed, spec: BenchSpec) {
    this.bed = bed;
    this.spec = spec;
    this.loadHost = { home: bed.plan.hub, spawn: (options) => bed.spawn(options) };
  }

  /** GONA's daemon holds the spec. Throws GonaError; what was built is removed then. */
  static gona(name: string, spec: BenchSpec, options: DaemonStart = {}): Promise<QosBed> {
    return QosBed.#build(name, spec, async (it) => {
      it.#daemon = await DaemonUnderTest.start(it.bed, options);
    });
  }

  /** Guest k and NIC k are ports of a bridge of their own, or all are of one; nothing shapes yet. */
  static bridged(name: string, spec: BenchSpec, bridges: "one" | "each"): Promise<QosBed> {
    return QosBed.#build(name, spec, async (it) => {
      const bridge = (index: number): string => `br${bridges === "one" ? 0 : index}`;
      const made = bridges === "one" ? [bridge(0)] : spec.nics.map((_, index) => bridge(index));
      await ipBatch(it.bed.plan.hub, [
        ...made.flatMap((link) => [
          `link add ${link} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
          `link set ${link} up`,
        ]),
        ...spec.guests.map((_, index) => `link set ${guestDevice(index)} master ${bridge(index)}`),
        ...spec.nics.map((nic, index) => `link set ${nic.name} master ${bridge(index)}`),
      ]);
    });
  }

  static async #build(name: string, spec: BenchSpec, join: (bed: QosBed) => Promise<void>): Promise<QosBed> {
    const bed = await LabBed.build(benchScenario(name, scenarioText(spec)));
    try {
      const it = new QosBed(bed, spec);
      for (const guest of spec.guests) await bed.farEnd.attachGuest(bed.station(guest.name));
      await join(it);
      await startSink(it.loadHost, "sink", [
        { netns: bed.station("peer").netns, address: PEER_ADDRESS, port: PORT },
        ...spec.guests.map(({ name: guest }, index) => ({
          netns: bed.station(guest).netns,
          address: guestAddress(index),
          port: PORT,
        })),
      ]);
      return it;
    } catch (error) {
      await bed[Symbol.asyncDispose]();
      throw error;
    }
  }

  get hub(): string {
    return this.bed.plan.hub;
  }

  get daemon(): DaemonUnderTest {
    if (this.#daemon === undefined) throw new RangeError("this bed has no daemon");
    return this.#daemon;
  }

  /** Throws GonaError: what the daemon says of the spec. */
  async apply(spec: BenchSpec): Promise<void> {
    await this.daemon.client.apply({ text: specText(spec), file: "bench.yaml" });
  }

  /** Between a guest and the peer. */
  source(guest: number, direction: Direction, kind: Kind, fromPort?: number): LoadSource {
    const station = this.#guest(guest);
    const [inside, outside] = [guestAddress(guest), PEER_ADDRESS];
    const ends =
      direction === "egress"
        ? { netns: station.netns, from: inside, to: outside }
        : { netns: this.bed.station("peer").netns, from: outside, to: inside };
    const name = `${station.name} ${direction}`;
    return { name, ...ends, port: PORT, ...kind, ...(fromPort !== undefined && { fromPort }) };
  }

  /** How the far end knows what guest sent through a NIC. */
  egressFlow(guest: number, nic: string): FlowName {
    const port = portOf(this.bed.plan, nicId(nic)).ifindex;
    return { port, direction: "in", vlan: 0, address: addressHex(guestAddress(guest)) };
  }

  /** How the far end knows what came to a guest from the peer, by whatever NIC. */
  ingressFlow(guest: number): FlowName {
    const port = this.#guest(guest).links[0]?.ifindex ?? 0;
    return { port, direction: "in", vlan: 0, address: addressHex(PEER_ADDRESS) };
  }

  /** Counters of these flows, in their order; undefined for one that nothing came of. */
  read(flows: readonly FlowName[]): (FlowCount | undefined)[] {
    const found = this.bed.farEnd.flows();
    return flows.map(({ port, direction, vlan, address }) =>
      found.find(
        (flow) => flow.port === port && flow.direction === direction && flow.vlan === vlan && flow.address === address,
      ),
    );
  }

  #guest(guest: number): Station {
    const name = this.spec.guests[guest]?.name;
    if (name === undefined) throw new RangeError(`the bench has no guest ${guest}`);
    return this.bed.station(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bed[Symbol.asyncDispose]();
  }
}
