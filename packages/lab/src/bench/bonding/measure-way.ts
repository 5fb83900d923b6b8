import { setTimeout as delay } from "node:timers/promises";
import { GonaError, nicId } from "@gona/model";
import { portOf } from "../../bed/bed-plan.ts";
import type { LabBed } from "../../bed/lab-bed.ts";
import { runCommand } from "../../bed/run-command.ts";
import { SLOWNESS } from "../../bed/slowness.ts";
import { waitUntil } from "../../bed/wait-until.ts";
import type { Traffic } from "../../scenario/scenario.ts";
import { RunningTraffic } from "../../traffic/running-traffic.ts";
import { buildBondingBed, GUEST_ADDRESS, LOADS, NICS, PEERS } from "./bonding-bed.ts";
import { type EchoCost, EchoStream } from "./echo-stream.ts";
import type { Way } from "./ways.ts";

export type Direction = keyof typeof LOADS;

/** What one way did. */
export interface WayFigures {
  /** Of each cut, what the flow lost that lost most: the others use the other NIC. */
  readonly cuts: readonly EchoCost[];
  /** (most - least) / mean of the NICs' bytes, in %. */
  readonly spread: Readonly<Record<Direction, number>>;
}

export interface WayRounds {
  /** Cuts of each NIC. */
  readonly rounds: number;
  readonly windowMs: number;
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Of a cut and of a heal. bonding looks every 100 ms; then the switch and the peers must learn. */
const SETTLE_MS = 2500;
/** Until a stream that a cut has stopped goes on. */
const BACK_MS = 30_000;
const FLOWS_SETTLE_MS = 1500;

/** Builds a bed for the way, measures, and removes it. Throws GonaError. */
export async function measureWay(way: Way, options: WayRounds): Promise<WayFigures> {
  await using bed = await buildBondingBed(way.balance);
  await way.join(bed);
  const cuts = await cutsOf(bed, options);
  const egress = await spreadOf(bed, "egress", options);
  const ingress = await spreadOf(bed, "ingress", options);
  options.progress(`spread ${egress.toFixed(1)} % out, ${ingress.toFixed(1)} % in`);
  return { cuts, spread: { egress, ingress } };
}

/** Streams from the guest to each peer and back, and cuts of each NIC in turn. */
async function cutsOf(bed: LabBed, { rounds, progress, signal }: WayRounds): Promise<readonly EchoCost[]> {
  await using stack = new AsyncDisposableStack();
  const streams = PEERS.flatMap(({ name, address }) => [
    stack.use(new EchoStream(bed, `echo-to-${name}`, bed.station("guest").netns, address)),
    stack.use(new EchoStream(bed, `echo-from-${name}`, bed.station(name).netns, GUEST_ADDRESS)),
  ]);
  await goOn(streams);
  const costs: EchoCost[] = [];
  for (let cut = 0; cut < rounds * NICS.length; cut++) {
    signal?.throwIfAborted();
    const nic = nicId(NICS[cut % NICS.length] ?? NICS[0]);
    const before = streams.map(({ mark }) => mark);
    await bed.cut(nic);
    await settle(SETTLE_MS);
    await goOn(streams);
    const each = streams.map((stream, index) => stream.costBetween(before[index] ?? -1, stream.mark));
    const cost = each.reduce((worst, one) => (one.lost > worst.lost ? one : worst));
    progress(`cut of ${nic}: lost ${cost.lost}, gap ${cost.gapMs} ms`);
    costs.push(cost);
    await bed.heal(nic);
    await settle(SETTLE_MS);
    await goOn(streams);
  }
  return costs;
}

/** Every stream is answered again: what is lost is known only then. */
async function goOn(streams: readonly EchoStream[]): Promise<void> {
  const from = streams.map(({ mark }) => mark);
  const answered = (): true | undefined =>
    streams.every(({ mark }, index) => mark > (from[index] ?? -1)) ? true : undefined;
  await waitUntil("every echo stream goes on", answered, { withinMs: BACK_MS, everyMs: 100 });
}

/** How unevenly the NICs carry many small flows from, or to, all peers. */
async function spreadOf(bed: LabBed, direction: Direction, { windowMs, signal }: WayRounds): Promise<number> {
  signal?.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  for (const name of LOADS[direction]) stack.use(await RunningTraffic.start(bed, trafficOf(bed, name)));
  await settle(FLOWS_SETTLE_MS);
  const before = await carried(bed, direction);
  await delay(windowMs);
  const after = await carried(bed, direction);
  const bytes = after.map((value, index) => value - (before[index] ?? 0));
  const mean = bytes.reduce((sum, value) => sum + value, 0) / bytes.length;
  if (mean === 0) throw new GonaError("SCENARIO_FAILED", `no NIC carried anything (${direction})`);
  return ((Math.max(...bytes) - Math.min(...bytes)) / mean) * 100;
}

/** Bytes by NIC, from the counters of the switch's ports. */
function carried(bed: LabBed, direction: Direction): Promise<number[]> {
  return Promise.all(
    NICS.map(async (nic) => {
      const { netns, link } = portOf(bed.plan, nicId(nic));
      const text = await runCommand("ip", ["-n", netns, "-json", "-statistics", "link", "show", link]);
      const [found] = JSON.parse(text) as { stats64: Record<"rx" | "tx", { bytes: number }> }[];
      return found?.stats64[direction === "egress" ? "rx" : "tx"].bytes ?? 0;
    }),
  );
}

function trafficOf(bed: LabBed, name: string): Traffic {
  const found = bed.scenario.traffic.get(name);
  if (found === undefined) throw new RangeError(`the bench has no traffic ${name}`);
  return found;
}

const settle = (ms: number): Promise<void> => delay(ms * Math.min(SLOWNESS, 2));
