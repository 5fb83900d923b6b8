import { type DomainId, domainId, type NicId, nicId } from "@gona/model";
import { DaemonUnderTest } from "../../bed/daemon-under-test.ts";
import { LabBed } from "../../bed/lab-bed.ts";
import { MachineStalls } from "../../run/machine-stalls.ts";
import type { Traffic } from "../../scenario/scenario.ts";
import { RunningTraffic } from "../../traffic/running-traffic.ts";
import { benchScenario } from "../bench-scenario.ts";

/** The domain that fails, its NIC, and the guests that send by it. */
export const DOMAIN: DomainId = domainId("dd");
export const NIC: NicId = nicId("eth1");
export const GUESTS = ["across", "inside"] as const;
export type BenchGuest = (typeof GUESTS)[number];

/** How the domain is isolated, as the spec has it. */
export interface DomainKind {
  readonly name: string;
  /** Part of the lab's name. */
  readonly key: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** Datagrams of each guest: an emulated machine carries few. */
  readonly perSecond: number;
}

const ADDRESSES: Readonly<Record<BenchGuest, string>> = { across: "10.0.0.11", inside: "10.0.0.12" };

/**
 * `across` has slices of both NICs and uses that of the domain while it can, so that each failure hits it; `inside` has
 * no other. Without a failback time a NIC carries again as soon as it works.
 */
const scenarioText = ({ name, spec, perSecond }: DomainKind): string => `
apiVersion: gona-lab/v1
title: "A driver domain fails: ${name}"
spec: ${JSON.stringify({
  apiVersion: "gona/v1",
  domains: [{ name: DOMAIN, ...spec }],
  nics: [
    { name: NIC, domain: DOMAIN, capacity: "1Gbit", fabric: "rack", failback: "0s" },
    { name: "eth2", capacity: "1Gbit", fabric: "rack", failback: "0s" },
  ],
  guests: GUESTS.map((guest, index) => ({
    name: guest,
    vif: { device: `vm-${guest}`, mac: `52:54:00:00:00:1${index + 1}`, addresses: [ADDRESSES[guest]] },
    aggregate: {
      slices: (guest === "across" ? [NIC, "eth2"] : [NIC]).map((nic) => ({ nic, egress: { limit: "100Mbit" } })),
      balance: guest === "across" ? "active-backup" : "hash",
    },
  })),
})}
peers: [{ name: peer, fabric: rack, addresses: [10.0.0.100/24] }]
traffic: ${JSON.stringify(GUESTS.map((from) => ({ name: from, kind: "probe", from, to: "peer", perSecond })))}
`;

/** A lab with the real daemon, a NIC in a driver domain, and two guests whose datagrams are numbered. */
export class RecoveryBed implements AsyncDisposable {
  readonly bed: LabBed;
  readonly daemon: DaemonUnderTest;
  readonly stalls: MachineStalls;
  readonly traffic: Readonly<Record<BenchGuest, RunningTraffic>>;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: Pick<RecoveryBed, "bed" | "daemon" | "stalls" | "traffic">, stack: AsyncDisposableStack) {
    ({ bed: this.bed, daemon: this.daemon, stalls: this.stalls, traffic: this.traffic } = parts);
    this.#stack = stack;
  }

  /** Throws GonaError. */
  static async build(kind: DomainKind): Promise<RecoveryBed> {
    await using stack = new AsyncDisposableStack();
    const bed = stack.use(await LabBed.build(benchScenario(`recovery-${kind.key}`, scenarioText(kind))));
    const daemon = await DaemonUnderTest.start(bed);
    const stalls = stack.use(await MachineStalls.watch());
    const start = async (guest: BenchGuest): Promise<RunningTraffic> =>
      stack.use(await RunningTraffic.start(bed, bed.scenario.traffic.get(guest) as Traffic));
    const traffic = { across: await start("across"), inside: await start("inside") };
    return new RecoveryBed({ bed, daemon, stalls, traffic }, stack.move());
  }

  /** The operator restarts the domain: earlier failures, for which the next restart would wait longer, are forgotten. */
  async forgetFailures(): Promise<void> {
    await this.daemon.client.domainRestart(DOMAIN);
    await this.daemon.converged();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
