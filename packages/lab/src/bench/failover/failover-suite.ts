import { setTimeout as delay } from "node:timers/promises";
import { nicId } from "@gona/model";
import { DaemonUnderTest } from "../../bed/daemon-under-test.ts";
import { LabBed } from "../../bed/lab-bed.ts";
import type { Traffic } from "../../scenario/scenario.ts";
import { RunningTraffic, trafficPort } from "../../traffic/running-traffic.ts";
import type { BenchRow } from "../bench-row.ts";
import { benchScenario } from "../bench-scenario.ts";
import type { Suite, SuiteOptions } from "../suite.ts";
import { type Cable, cleanCable, portCable, silentPath } from "./cable.ts";
import { CarrierBook } from "./carrier-book.ts";
import { cutCrowd } from "./crowd.ts";
import { type Costs, type Cut, type CutBed, type CutHow, cutOnce, drainOnce, LINKWATCH_MS, makeSpare } from "./cut.ts";
import {
  blindRows,
  crowdRows,
  hitlessRows,
  PER_SECOND,
  returnRows,
  rowsOf,
  silentRows,
  tcpRows,
} from "./failover-rows.ts";
import { retransmits } from "./retransmits.ts";

const FAILBACK = "1500ms";
/** Of each kind. Blind ones cost a NIC until the link event, thousands of packets, always; each return doubles the hold of the next. */
const ROUNDS = {
  full: { clean: 50, tcp: 50, port: 25, silent: 20, blind: 5, returns: 3, drains: 10, crowd: 5 },
  quick: { clean: 5, tcp: 3, port: 2, silent: 3, blind: 1, returns: 1, drains: 2, crowd: 2 },
};
const CROWDS = { full: [2, 4], quick: [2] };
const GUESTS = 1000;
/** Of a cut's measured part, without the cut. */
const CONTROL_MS = 500;

const PROBE = { interval: "10ms", lost: 3 };

/**
 * active-backup puts every flow on the first NIC while it lives, so each cut hits the traffic. Without
 * a failback time a NIC carries again at once: many cuts fit into a minute. What the return costs is
 * measured apart, because a switch port (the lab's too) forwards only some time after its carrier.
 */
const spec = (nics: readonly string[], failback: string, probe: object | "off" = PROBE): string =>
  JSON.stringify({
    apiVersion: "gona/v1",
    fabrics: [{ name: "rack", probe }],
    nics: nics.toSorted().map((name) => ({ name, capacity: "1Gbit", fabric: "rack", failback })),
    guests: [
      {
        name: "guest",
        vif: { device: "vm-guest", mac: "52:54:00:00:00:11", addresses: ["10.0.0.11"] },
        aggregate: {
          slices: nics.map((nic) => ({ nic, egress: { limit: "500Mbit" } })),
          balance: "active-backup",
        },
      },
    ],
  });

/** TCP keeps below its limit: what waits in a NIC's queue when that dies is lost with it, whoever chose the NIC. */
const SCENARIO = `
apiVersion: gona-lab/v1
title: A cable is cut under ${PER_SECOND.egress} packets a second from a guest and ${PER_SECOND.ingress} to it
spec: ${spec(["eth1", "eth2"], "0s")}
peers: [{ name: peer, fabric: rack, addresses: [10.0.0.100/24] }]
traffic:
  - { name: egress, kind: probe, from: guest, to: peer, perSecond: ${PER_SECOND.egress} }
  - { name: ingress, kind: probe, from: peer, to: guest, perSecond: ${PER_SECOND.ingress} }
  - { name: tcp, kind: tcp, from: guest, to: peer, flows: 4, limit: 100Mbit }
`;

/** A change of `protodown` is told at once, whatever came before. */
const CLEAN: CutHow = { quietMs: 0, eventBefore: false, blind: false };
const QUIET: CutHow = { quietMs: LINKWATCH_MS, eventBefore: false, blind: false };
const BUSY: CutHow = { quietMs: 0, eventBefore: true, blind: false };
const BLIND: CutHow = { quietMs: LINKWATCH_MS, eventBefore: true, blind: true };
const WHEN = [
  { name: "switch port taken down, nothing before", how: QUIET },
  { name: "switch port taken down, a link event 0.3 s before", how: BUSY },
] as const;
const BLIND_NAME = "switch port taken down, a link event 0.3 s before, without the look at the carrier";
const CLEAN_NAME = "carrier alone lost";
const TCP_NAME = "carrier alone lost, TCP of 100 Mbit/s";
const SILENT_NAME = "path silent behind a living carrier, probed each 10 ms";

/** What a NIC's loss costs under traffic. */
export const failoverSuite: Suite = {
  name: "failover",
  about: "what a NIC's loss costs: packets at 10,000/s and whose loss each was, silent paths, drains, 1,000 guests",
  async run(options) {
    const rows = [...(await lossRows(options))];
    const rounds = options.quick ? ROUNDS.quick : ROUNDS.full;
    for (const nics of options.quick ? CROWDS.quick : CROWDS.full) {
      const cuts = await cutCrowd({ guests: GUESTS, nics }, rounds.crowd, options);
      rows.push(...crowdRows(`${GUESTS} guests x ${nics} NICs`, cuts));
    }
    return rows;
  },
};

async function lossRows(options: SuiteOptions): Promise<readonly BenchRow[]> {
  const rounds = options.quick ? ROUNDS.quick : ROUNDS.full;
  const scenario = benchScenario("bench-failover", SCENARIO);
  options.progress("building the bed");
  await using bed = await LabBed.build(scenario);
  const clean = await cleanCable(bed, nicId("eth2"));
  const port = portCable(bed, nicId("eth1"));
  const silent = silentPath(bed, nicId("eth1"));
  const daemon = await DaemonUnderTest.start(bed);
  await makeSpare({ bed });
  const out = trafficOf(scenario.traffic, "egress");
  using book = await CarrierBook.attach(bed, trafficPort(bed, out), peerLink(bed));
  await using egress = await RunningTraffic.start(bed, out);
  await using ingress = await RunningTraffic.start(bed, trafficOf(scenario.traffic, "ingress"));

  const apply = async (...how: Parameters<typeof spec>): Promise<void> => {
    await daemon.client.apply({ text: spec(...how), file: "failover.yaml" });
    // What the change itself moves is not a cut's.
    await delay(CONTROL_MS);
  };
  const count = () => retransmits(bed.station("guest").netns);
  const cut = async (name: string, cable: Cable, how: CutHow, more: Partial<CutBed> = {}): Promise<Cut> => {
    options.signal?.throwIfAborted();
    const cost = await cutOnce({ bed, daemon, egress, ingress, cable, book, ...more }, how);
    options.progress(`${name}: ${tell(cost)}`);
    return cost;
  };
  const times = async <T>(often: number, work: () => Promise<T>): Promise<readonly T[]> => {
    const done: T[] = [];
    for (let round = 0; round < often; round++) done.push(await work());
    return done;
  };

  const byPort = new Map<string, Cut[]>(WHEN.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds.port; round++)
    // In turns, so that a noisy minute falls on both.
    for (const { name, how } of WHEN) byPort.get(name)?.push(await cut(name, port, how));
  const bySilence = await times(rounds.silent, () => cut(SILENT_NAME, silent, CLEAN));
  const drains = await times(rounds.drains, async () => {
    const done = await drainOnce({ bed, daemon, egress, ingress }, nicId("eth1"));
    options.progress(`drained and given back: ${done.map(tellCosts).join("; ")}`);
    return done;
  });
  await apply(["eth2", "eth1"], "0s");
  const byCarrier = await times(rounds.clean, () => cut(CLEAN_NAME, clean, CLEAN));
  const tcp = await RunningTraffic.start(bed, trafficOf(scenario.traffic, "tcp"));
  const control = await times(rounds.tcp, async () => {
    const before = await count();
    await delay(CONTROL_MS);
    return (await count()) - before;
  });
  const underTcp = await times(rounds.tcp, () => cut(TCP_NAME, clean, CLEAN, { retransmits: count }));
  await tcp.stop();
  // Who goes by link events alone has no probe either.
  await apply(["eth1", "eth2"], "0s", "off");
  // Last: the programs stay blind until the daemon's next full look.
  const blind = await times(rounds.blind, () => cut(BLIND_NAME, port, BLIND));
  await apply(["eth1", "eth2"], FAILBACK);
  const returns = await times(rounds.returns, () => cut("and the way back", port, QUIET));
  return [
    ...rowsOf(CLEAN_NAME, byCarrier, blind, "clean"),
    ...tcpRows(TCP_NAME, underTcp, control),
    ...[...byPort].flatMap(([name, cuts]) => rowsOf(name, cuts, blind, "deaf")),
    ...silentRows(SILENT_NAME, bySilence),
    ...blindRows(BLIND_NAME, blind),
    ...returnRows(returns, FAILBACK),
    ...hitlessRows(
      "drain under traffic",
      drains.map(([drained]) => drained),
    ),
    ...hitlessRows(
      "undrain under traffic",
      drains.map(([, undrained]) => undrained),
    ),
  ];
}

const tell = ({ egress, losses, ingress, healed, toldAfterMs, retransmitted }: Cut): string =>
  `lost ${egress.lost} out (${losses.ours} ours), ${ingress.lost} in, gaps ${egress.gapMs.toFixed(1)} and ` +
  `${ingress.gapMs.toFixed(1)} ms; ${retransmitted} segments again; back: ${healed.egress.lost} out, ` +
  `${healed.ingress.lost} in; the daemon knew after ${toldAfterMs} ms`;

const tellCosts = ({ egress, ingress }: Costs): string =>
  `lost ${egress.lost} out, ${ingress.lost} in, reordered ${egress.reordered} and ${ingress.reordered}`;

function peerLink(bed: LabBed): { netns: string; link: string } {
  const { netns, links } = bed.station("peer");
  return { netns, link: links[0]?.name ?? "eth0" };
}

function trafficOf(traffic: ReadonlyMap<string, Traffic>, name: string): Traffic {
  const found = traffic.get(name);
  if (found === undefined) throw new RangeError(`the bench has no traffic ${name}`);
  return found;
}
