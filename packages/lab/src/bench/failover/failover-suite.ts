import { nicId } from "@gona/model";
import { DaemonUnderTest } from "../../bed/daemon-under-test.ts";
import { LabBed } from "../../bed/lab-bed.ts";
import type { Traffic } from "../../scenario/scenario.ts";
import { RunningTraffic, trafficPort } from "../../traffic/running-traffic.ts";
import { benchScenario } from "../bench-scenario.ts";
import type { Suite } from "../suite.ts";
import { type Cable, cleanCable, portCable } from "./cable.ts";
import { CarrierBook } from "./carrier-book.ts";
import { type Cut, type CutHow, cutOnce, makeSpare } from "./cut.ts";
import { blindRows, PER_SECOND, returnRows, rowsOf } from "./failover-rows.ts";

const FAILBACK = "1500ms";
const CUTS = { full: 18, quick: 2 };
/** Each costs a NIC until the link event: thousands of packets, always. */
const BLIND_CUTS = { full: 5, quick: 1 };
/** Each doubles the hold of the next. */
const RETURNS = { full: 3, quick: 1 };

/**
 * active-backup puts every flow on the first NIC while it lives, so each cut hits the traffic. Without
 * a failback time a NIC carries again at once: many cuts fit into a minute. What the return costs is
 * measured apart, because a switch port (the lab's too) forwards only some time after its carrier.
 */
const spec = (nics: readonly string[], failback: string): string =>
  JSON.stringify({
    apiVersion: "gona/v1",
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

const SCENARIO = `
apiVersion: gona-lab/v1
title: A cable is cut under 10,000 packets a second in each direction
spec: ${spec(["eth1", "eth2"], "0s")}
peers: [{ name: peer, fabric: rack, addresses: [10.0.0.100/24] }]
traffic:
  - { name: egress, kind: probe, from: guest, to: peer, perSecond: ${PER_SECOND} }
  - { name: ingress, kind: probe, from: peer, to: guest, perSecond: ${PER_SECOND} }
`;

const QUIET: CutHow = { eventBefore: false, blind: false };
const BUSY: CutHow = { eventBefore: true, blind: false };
const BLIND: CutHow = { eventBefore: true, blind: true };
const WHEN = [
  { name: "switch port taken down, nothing before", how: QUIET },
  { name: "switch port taken down, a link event 0.3 s before", how: BUSY },
] as const;
const BLIND_NAME = "switch port taken down, a link event 0.3 s before, without the look at the carrier";
/** A change of `protodown` is told at once, whatever came before. */
const CLEAN_NAME = "carrier alone lost";

/** What a NIC's loss costs under traffic. */
export const failoverSuite: Suite = {
  name: "failover",
  about: "packets lost at 10,000/s each way when a NIC loses its carrier, and whose loss each was",
  async run(options) {
    const scenario = benchScenario("bench-failover", SCENARIO);
    options.progress("building the bed");
    await using bed = await LabBed.build(scenario);
    const clean = await cleanCable(bed, nicId("eth2"));
    const port = portCable(bed, nicId("eth1"));
    const daemon = await DaemonUnderTest.start(bed);
    await makeSpare({ bed });
    const out = trafficOf(scenario.traffic, "egress");
    using book = await CarrierBook.attach(bed, trafficPort(bed, out), peerLink(bed));
    await using egress = await RunningTraffic.start(bed, out);
    await using ingress = await RunningTraffic.start(bed, trafficOf(scenario.traffic, "ingress"));

    const apply = async (nics: readonly string[], failback: string): Promise<void> => {
      await daemon.client.apply({ text: spec(nics, failback), file: "failover.yaml" });
    };
    const cut = async (name: string, cable: Cable, how: CutHow): Promise<Cut> => {
      options.signal?.throwIfAborted();
      const cost = await cutOnce({ bed, daemon, egress, ingress, cable, book }, how);
      options.progress(`${name}: ${tell(cost)}`);
      return cost;
    };

    const byPort = new Map<string, Cut[]>(WHEN.map(({ name }) => [name, []]));
    for (let round = 0; round < (options.quick ? CUTS.quick : CUTS.full); round++)
      // In turns, so that a noisy minute falls on both.
      for (const { name, how } of WHEN) byPort.get(name)?.push(await cut(name, port, how));
    await apply(["eth2", "eth1"], "0s");
    const byCarrier: Cut[] = [];
    for (let round = 0; round < (options.quick ? CUTS.quick : CUTS.full); round++)
      byCarrier.push(await cut(CLEAN_NAME, clean, QUIET));
    await apply(["eth1", "eth2"], "0s");
    // Last: the programs stay blind until the daemon's next full look.
    const blind: Cut[] = [];
    for (let round = 0; round < (options.quick ? BLIND_CUTS.quick : BLIND_CUTS.full); round++)
      blind.push(await cut(BLIND_NAME, port, BLIND));
    await apply(["eth1", "eth2"], FAILBACK);
    const returns: Cut[] = [];
    for (let round = 0; round < (options.quick ? RETURNS.quick : RETURNS.full); round++)
      returns.push(await cut("and the way back", port, QUIET));
    return [
      ...rowsOf(CLEAN_NAME, byCarrier, blind, "clean"),
      ...[...byPort].flatMap(([name, cuts]) => rowsOf(name, cuts, blind, "deaf")),
      ...blindRows(BLIND_NAME, blind),
      ...returnRows(returns, FAILBACK),
    ];
  },
};

const tell = ({ egress, losses, ingress, healed, toldAfterMs }: Cut): string =>
  `lost ${egress.lost} out (${losses.ours} ours), ${ingress.lost} in; back: ${healed.egress.lost} out, ` +
  `${healed.ingress.lost} in; the daemon knew after ${toldAfterMs} ms`;

function peerLink(bed: LabBed): { netns: string; link: string } {
  const { netns, links } = bed.station("peer");
  return { netns, link: links[0]?.name ?? "eth0" };
}

function trafficOf(traffic: ReadonlyMap<string, Traffic>, name: string): Traffic {
  const found = traffic.get(name);
  if (found === undefined) throw new RangeError(`the bench has no traffic ${name}`);
  return found;
}
