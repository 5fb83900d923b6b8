import { setTimeout as delay } from "node:timers/promises";
import { GonaError } from "@gona/model";
import { type BenchRow, summarize } from "../bench-row.ts";
import { settleMs } from "../figures/settle-time.ts";
import type { LoadSource } from "../load/load-plan.ts";
import { RunningLoad } from "../load/running-load.ts";
import { type BenchSpec, guestAddress, PEER_ADDRESS } from "../qos-bed/bench-spec.ts";
import { rateBetween, runDry } from "../qos-bed/measure-rates.ts";
import { QosBed } from "../qos-bed/qos-bed.ts";
import { LOOKS, lookAtQueues } from "../qos-bed/queue-looks.ts";
import type { Suite, SuiteOptions } from "../suite.ts";

const CAP_MEGABITS = 500;
const NICS = ["eth1", "eth2"] as const;
const FLOWS = 4;
const FIRST_PORT = 40_000;
/** So many are asked for their NIC; half of them go by each. */
const CANDIDATES = 64;
const ROUNDS = { full: 5, quick: 2 };
const SETTLE_MS = 1500;
const WINDOW_MS = { full: 5000, quick: 2000 };
const AFTER_JUMP_MS = 2000;
const WINDOW_NS = 10_000_000;
/** Settled: no 50 ms from then on are off by more than 10 %; what a late timer saved up is paid out at 1.06 times the rate. */
const SPAN = 5;
const WITHIN = 0.1;
/** Links that GONA makes for queues without a NIC (planner: Spine). */
const SPINE = "gq-";

/** Each slice alone may carry more than the cap. */
const SPEC: BenchSpec = {
  nics: NICS.map((name) => ({ name, capacity: "1Gbit" })),
  guests: [
    {
      name: "guest0",
      aggregate: {
        slices: NICS.map((nic) => ({ nic, egress: { limit: "800Mbit" } })),
        limit: { egress: `${CAP_MEGABITS}Mbit`, ingress: `${CAP_MEGABITS}Mbit` },
      },
    },
  ],
};

/** The same guest without a cap: to start with, so that a daemon that cannot cap says so. */
const UNCAPPED: BenchSpec = {
  ...SPEC,
  guests: SPEC.guests.map((guest) => ({ ...guest, aggregate: { slices: guest.aggregate.slices } })),
};

/** A limit over all NICs of a guest: how exact, and how fast when demand moves from one NIC to the other. */
export const capSuite: Suite = {
  name: "cap",
  about: "a limit over two NICs together: error in steady state, time to settle when demand jumps to the other NIC",
  async run(options) {
    options.progress("building a bed");
    await using bed = await QosBed.gona("bench-cap", UNCAPPED);
    await bed.apply(SPEC);
    const [first, second] = await sourcesByNic(bed);
    const rows: BenchRow[] = [];
    for (const [name, sources] of [
      ["TCP over both NICs", [...first, ...second]],
      ["TCP over one NIC", first],
      ["UDP over both NICs", [...first, ...second].map(blaster)],
    ] as const) {
      rows.push(...(await steadyRow(bed, `egress, ${name}`, sources, egressFlows(bed), options)));
    }
    const inward = [bed.source(0, "ingress", { kind: "tcp", congestion: "cubic", flows: FLOWS * 2 })];
    rows.push(...(await steadyRow(bed, "ingress, TCP", inward, [bed.ingressFlow(0)], options)));
    return [...rows, ...(await jumpRows(bed, first, second, options))];
  },
};

const egressFlows = (bed: QosBed) => NICS.map((nic) => bed.egressFlow(0, nic));

/** Flows that the balancer puts on the one NIC and on the other, as the daemon itself explains. */
async function sourcesByNic(bed: QosBed): Promise<readonly [readonly LoadSource[], readonly LoadSource[]]> {
  const found: Record<string, LoadSource[]> = {};
  for (let port = FIRST_PORT; port < FIRST_PORT + CANDIDATES; port++) {
    const source = bed.source(0, "egress", { kind: "tcp", congestion: "cubic", flows: 1 }, port);
    const flow = `tcp ${guestAddress(0)}:${port} > ${PEER_ADDRESS}:${source.port}`;
    const { nic = "" } = (await bed.daemon.client.explain("guest0", flow)).flow ?? {};
    found[nic] = [...(found[nic] ?? []), source];
    if (NICS.every((name) => (found[name]?.length ?? 0) >= FLOWS)) break;
  }
  const [first, second] = NICS.map((nic) => found[nic]?.slice(0, FLOWS) ?? []);
  if (first?.length !== FLOWS || second?.length !== FLOWS)
    throw new GonaError("SCENARIO_FAILED", `no ${FLOWS} flows for each of ${NICS.join(" and ")} were found`);
  return [first, second];
}

/** Together twice the cap. The tuple's protocol is another, so its NIC may be too: both are loaded all the same. */
function blaster(source: LoadSource): LoadSource {
  const { name, netns, from, to, port, flows, fromPort } = source;
  const bitsPerSecond = (CAP_MEGABITS * 1e6 * 2) / (FLOWS * 2);
  return {
    ...{ name, netns, from, to, port, flows, kind: "udp", datagramBytes: 1400, bitsPerSecond },
    ...(fromPort !== undefined && { fromPort }),
  };
}

async function steadyRow(
  bed: QosBed,
  name: string,
  sources: readonly LoadSource[],
  flows: ReturnType<typeof egressFlows>,
  { quick, progress, signal }: SuiteOptions,
): Promise<readonly BenchRow[]> {
  signal?.throwIfAborted();
  const load = await RunningLoad.start(bed.loadHost, "load", sources);
  await delay(SETTLE_MS);
  const windowMs = quick ? WINDOW_MS.quick : WINDOW_MS.full;
  const before = bed.read(flows);
  const [[waiting = 0]] = await Promise.all([
    lookAtQueues(bed, windowMs, [(link) => link.startsWith(SPINE)]),
    delay(windowMs),
  ]);
  const after = bed.read(flows);
  await load.stop();
  await runDry(bed, flows);
  if (sources[0]?.kind === "udp" && waiting < LOOKS) {
    progress(`${name}: left out, the sender did not fill the queue`);
    return [];
  }
  const rates = flows.map((_, index) => rateBetween(before[index], after[index]));
  const error = (rates.reduce((sum, rate) => sum + rate, 0) / (CAP_MEGABITS * 1e6) - 1) * 100;
  progress(`${name}: ${error.toFixed(3)} % (${rates.map((rate) => (rate / 1e6).toFixed(1)).join(" + ")} Mbit/s)`);
  return [
    {
      suite: "cap",
      case: name,
      figure: "error of the cap",
      unit: "%",
      ...summarize([error]),
      target: "<= 1",
      holds: Math.abs(error) <= 1,
    },
  ];
}

/** The one NIC's flows end and the other's begin at the same moment; then back. */
async function jumpRows(
  bed: QosBed,
  first: readonly LoadSource[],
  second: readonly LoadSource[],
  { quick, progress, signal }: SuiteOptions,
): Promise<readonly BenchRow[]> {
  const settled: number[] = [];
  const over: number[] = [];
  const peaks: number[] = [];
  for (let round = 0; round < (quick ? ROUNDS.quick : ROUNDS.full); round++) {
    for (const [from, to] of [[first, second] as const, [second, first] as const]) {
      signal?.throwIfAborted();
      const { settle, settleOver, peak } = await jumpOnce(bed, from, to);
      progress(
        `demand jumps: settled after ${settle} ms (never over after ${settleOver} ms), fullest 50 ms ${peak.toFixed(1)} % over`,
      );
      settled.push(settle);
      over.push(settleOver);
      peaks.push(peak);
    }
  }
  const time = summarize(settled);
  return [
    {
      suite: "cap",
      case: "egress, demand jumps to the other NIC",
      figure: "time to settle",
      unit: "ms",
      ...time,
      target: "<= 200",
      holds: time.value <= 200,
    },
    // What is too little may be a sender that paused; what is too much is the cap's alone.
    {
      suite: "cap",
      case: "egress, demand jumps to the other NIC",
      figure: "time until never over the cap again",
      unit: "ms",
      ...summarize(over),
      target: "<= 200",
      holds: Math.max(...over) <= 200,
    },
    {
      suite: "cap",
      case: "egress, demand jumps to the other NIC",
      figure: "fullest 50 ms over the cap",
      unit: "%",
      ...summarize(peaks),
    },
  ];
}

async function jumpOnce(
  bed: QosBed,
  from: readonly LoadSource[],
  to: readonly LoadSource[],
): Promise<{ settle: number; settleOver: number; peak: number }> {
  const flows = egressFlows(bed);
  await using before = await RunningLoad.prepare(bed.loadHost, "before", from);
  await using after = await RunningLoad.prepare(bed.loadHost, "after", to);
  before.go();
  await delay(SETTLE_MS);
  for (const flow of flows) bed.bed.farEnd.startWindows(flow, BigInt(WINDOW_NS));
  await delay((SPAN * WINDOW_NS) / 1e6);
  const jumpNs = process.hrtime.bigint();
  after.go();
  await before.stop();
  await delay(AFTER_JUMP_MS);
  const windows = flows.flatMap((flow) => bed.bed.farEnd.windows(flow) ?? []);
  for (const flow of flows) bed.bed.farEnd.stopWindows(flow);
  const sums = Array.from({ length: Math.min(...windows.map(({ bytes }) => bytes.length)) }, (_, index) =>
    windows.reduce((sum, { bytes }) => sum + (bytes[index] ?? 0), 0),
  );
  const jump = Math.floor(Number(jumpNs - (windows[0]?.baseNs ?? 0n)) / WINDOW_NS);
  const since = sums.slice(jump);
  const target = (CAP_MEGABITS * 1e6 * WINDOW_NS) / 8e9;
  await after.stop();
  await runDry(bed, flows);
  let peak = 0;
  for (let end = SPAN; end <= since.length; end++)
    peak = Math.max(peak, since.slice(end - SPAN, end).reduce((sum, bytes) => sum + bytes, 0) / SPAN);
  const form = { target, within: WITHIN, span: SPAN, windowMs: WINDOW_NS / 1e6 };
  const tooMuch = since.map((bytes) => Math.max(bytes, target));
  return { settle: settleMs(since, form), settleOver: settleMs(tooMuch, form), peak: (peak / target - 1) * 100 };
}
