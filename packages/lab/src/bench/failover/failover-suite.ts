import { nicId } from "@gona/model";
import { DaemonUnderTest } from "../../bed/daemon-under-test.ts";
import { LabBed } from "../../bed/lab-bed.ts";
import type { Traffic } from "../../scenario/scenario.ts";
import { RunningTraffic } from "../../traffic/running-traffic.ts";
import { type BenchRow, summarize } from "../bench-row.ts";
import { benchScenario } from "../bench-scenario.ts";
import type { Suite } from "../suite.ts";
import { type Cut, cutOnce, makeSpare } from "./cut.ts";

const PER_SECOND = 10_000;
const FAILBACK = "1500ms";
const CUTS = { full: 25, quick: 3 };
/** Each doubles the hold of the next. */
const RETURNS = { full: 3, quick: 1 };

/**
 * active-backup puts every flow on eth1 while it lives, so each cut hits the traffic. Without a
 * failback time a NIC carries again at once: many cuts fit into a minute. What the return costs is
 * measured apart, because a switch port (the lab's too) forwards only some time after its carrier.
 */
const spec = (failback: string): string =>
  JSON.stringify({
    apiVersion: "gona/v1",
    nics: ["eth1", "eth2"].map((name) => ({ name, capacity: "1Gbit", fabric: "rack", failback })),
    guests: [
      {
        name: "guest",
        vif: { device: "vm-guest", mac: "52:54:00:00:00:11", addresses: ["10.0.0.11"] },
        aggregate: {
          slices: ["eth1", "eth2"].map((nic) => ({ nic, egress: { limit: "500Mbit" } })),
          balance: "active-backup",
        },
      },
    ],
  });

const SCENARIO = `
apiVersion: gona-lab/v1
title: A cable is cut under 10,000 packets a second in each direction
spec: ${spec("0s")}
peers: [{ name: peer, fabric: rack, addresses: [10.0.0.100/24] }]
traffic:
  - { name: egress, kind: probe, from: guest, to: peer, perSecond: ${PER_SECOND} }
  - { name: ingress, kind: probe, from: peer, to: guest, perSecond: ${PER_SECOND} }
`;

const CASES = [
  { name: "carrier lost, nothing before", eventBefore: false },
  { name: "carrier lost, a link event 0.3 s before", eventBefore: true },
] as const;

/** What a NIC's loss costs under traffic. */
export const failoverSuite: Suite = {
  name: "failover",
  about: "packets lost at 10,000/s each way when a NIC loses its carrier, also shortly after another link event",
  async run(options) {
    const scenario = benchScenario("bench-failover", SCENARIO);
    options.progress("building the bed");
    await using bed = await LabBed.build(scenario);
    const daemon = await DaemonUnderTest.start(bed);
    await makeSpare({ bed });
    await using egress = await RunningTraffic.start(bed, trafficOf(scenario.traffic, "egress"));
    await using ingress = await RunningTraffic.start(bed, trafficOf(scenario.traffic, "ingress"));
    const cuts = new Map<string, Cut[]>(CASES.map(({ name }) => [name, []]));
    const count = options.quick ? CUTS.quick : CUTS.full;
    for (let round = 1; round <= count; round++) {
      // In turns, so that a noisy minute falls on both.
      for (const { name, eventBefore } of CASES) {
        options.signal?.throwIfAborted();
        const cut = await cutOnce({ bed, daemon, egress, ingress, nic: nicId("eth1") }, eventBefore);
        cuts.get(name)?.push(cut);
        options.progress(`cut ${round} of ${count}, ${name}: ${tell(cut)}`);
      }
    }
    await daemon.client.apply({ text: spec(FAILBACK), file: "failover.yaml" });
    const returns: Cut[] = [];
    for (let round = 0; round < (options.quick ? RETURNS.quick : RETURNS.full); round++) {
      const cut = await cutOnce({ bed, daemon, egress, ingress, nic: nicId("eth1") }, false);
      options.progress(`the cable is back: lost ${cut.healed.egress.lost} out, ${cut.healed.ingress.lost} in`);
      returns.push(cut);
    }
    return [...[...cuts].flatMap(([name, list]) => rowsOf(name, list)), ...returnRows(returns)];
  },
};

const tell = ({ egress, ingress, toldAfterMs }: Cut): string =>
  `lost ${egress.lost} out, ${ingress.lost} in; the daemon knew after ${toldAfterMs} ms`;

function trafficOf(traffic: ReadonlyMap<string, Traffic>, name: string): Traffic {
  const found = traffic.get(name);
  if (found === undefined) throw new RangeError(`the bench has no traffic ${name}`);
  return found;
}

function rowsOf(name: string, cuts: readonly Cut[]): readonly BenchRow[] {
  const row = (figure: string, unit: string, of: (cut: Cut) => number): BenchRow => {
    return { suite: "failover", case: name, figure, unit, ...summarize(cuts.map(of)) };
  };
  const lost = row("lost a cut, guest to wire, median", "packets", (cut) => cut.egress.lost);
  const gap = row("longest gap, guest to wire", "ms", (cut) => cut.egress.gapMs);
  // Whoever waits for the link event loses what is sent until it comes.
  const byEvents = summarize(cuts.map((cut) => (cut.toldAfterMs * PER_SECOND) / 1000)).value;
  return [
    {
      ...lost,
      target: "<= 1",
      holds: lost.value <= 1,
      versus: { name: "acting on link events", value: byEvents, ratio: byEvents === 0 ? 1 : lost.value / byEvents },
    },
    percentile99(
      lost,
      cuts.map((cut) => cut.egress.lost),
    ),
    { ...gap, target: "<= 5", holds: gap.value <= 5 },
    row("reordered a cut, guest to wire", "packets", (cut) => cut.egress.reordered),
    row("lost a cut, wire to guest", "packets", (cut) => cut.ingress.lost),
    row("longest gap, wire to guest", "ms", (cut) => cut.ingress.gapMs),
    row("until the daemon knew", "ms", (cut) => cut.toldAfterMs),
  ];
}

function returnRows(cuts: readonly Cut[]): readonly BenchRow[] {
  const row = (figure: string, of: (cut: Cut) => number): BenchRow => {
    const summary = summarize(cuts.map(of));
    const name = `the cable is back, failback ${FAILBACK}`;
    return {
      suite: "failover",
      case: name,
      figure,
      unit: "packets",
      ...summary,
      target: "<= 0",
      holds: summary.high <= 0,
    };
  };
  return [
    row("lost, guest to wire", (cut) => cut.healed.egress.lost),
    row("lost, wire to guest", (cut) => cut.healed.ingress.lost),
    row("reordered, guest to wire", (cut) => cut.healed.egress.reordered),
  ];
}

function percentile99(row: BenchRow, values: readonly number[]): BenchRow {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
  return { ...row, figure: "lost a cut, guest to wire, 99th percentile", value, target: "<= 20", holds: value <= 20 };
}
