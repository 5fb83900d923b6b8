import { setTimeout as delay } from "node:timers/promises";
import { runInside } from "../../bed/run-command.ts";
import type { RttWindow } from "../../traffic/probe-messages.ts";
import { type BenchRow, summarize } from "../bench-row.ts";
import { RunningLoad } from "../load/running-load.ts";
import { cniTbfShaper, defaultHtbShaper } from "../precision/shapers.ts";
import type { BenchSpec } from "../qos-bed/bench-spec.ts";
import { isUnsupported } from "../qos-bed/feature.ts";
import { runDry } from "../qos-bed/measure-rates.ts";
import { QosBed } from "../qos-bed/qos-bed.ts";
import type { Suite, SuiteOptions } from "../suite.ts";
import { roundTrips, startEcho } from "./round-trips.ts";

const LIMIT_MEGABITS = 100;
const FLOWS = 128;
const ROUNDS = { full: 3, quick: 1 };
const SETTLE_MS = { full: 2000, quick: 1500 };
const PROBE_MS = { full: 6000, quick: 2500 };
const NEIGHBOUR_ROUNDS = { full: 5, quick: 2 };
const NEIGHBOUR_MS = { full: 4000, quick: 1500 };
const GOAL = "5ms";
const GOAL_US = 5000;
const NIC = "eth1";

const spec = (goal: boolean): BenchSpec => ({
  nics: [{ name: NIC, capacity: "1Gbit" }],
  guests: [
    {
      name: "guest0",
      aggregate: {
        slices: [{ nic: NIC, egress: { limit: `${LIMIT_MEGABITS}Mbit` } }],
        ...(goal && { latency: GOAL }),
      },
    },
    { name: "guest1", aggregate: { slices: [{ nic: NIC, egress: { limit: "500Mbit" } }] } },
  ],
});

/** A way of queueing; `set` brings it about. */
interface Variant {
  readonly name: string;
  readonly bed: QosBed;
  readonly set?: () => Promise<void>;
  readonly aimed?: boolean;
}

/** What a small question waits behind 128 TCP flows of its own guest, and behind those of a neighbour. */
export const latencySuite: Suite = {
  name: "latency",
  about: "round trips beside 128 TCP flows of the same guest under 100 Mbit/s, and of a neighbour, beside HTB and TBF",
  async run(options) {
    const { quick, progress } = options;
    progress("building three beds");
    await using stack = new AsyncDisposableStack();
    const gona = stack.use(await QosBed.gona("bench-latency", spec(false)));
    const htb = stack.use(await defaultHtbShaper([LIMIT_MEGABITS]));
    const tbf = stack.use(await cniTbfShaper([LIMIT_MEGABITS]));
    for (const bed of [gona, htb.bed, tbf.bed]) await startEcho(bed);
    const variants: Variant[] = [
      ...(await goalVariants(gona, progress)),
      { name: "GONA without a goal", bed: gona, set: () => apply(gona, false, false) },
      { name: htb.name, bed: htb.bed },
      { name: tbf.name, bed: tbf.bed },
    ];
    const seen = new Map<Variant, RttWindow[]>();
    for (let round = 0; round < (quick ? ROUNDS.quick : ROUNDS.full); round++) {
      for (const variant of variants) {
        options.signal?.throwIfAborted();
        const window = await underLoad(variant, options);
        progress(`${variant.name}: ${wordsOf(window)}`);
        seen.set(variant, [...(seen.get(variant) ?? []), window]);
      }
    }
    return [...ownRows(seen), ...(await neighbourRows(gona, options))];
  },
};

async function apply(bed: QosBed, goal: boolean, ecn: boolean): Promise<void> {
  await bed.apply(spec(goal));
  const script = `echo ${ecn ? 1 : 2} > /proc/sys/net/ipv4/tcp_ecn`;
  await runInside(bed.bed.station("guest0").netns, "sh", ["-ec", script]);
}

/** With a latency goal, without and with ECN in the guest; none where this version does not execute goals yet. */
async function goalVariants(bed: QosBed, progress: SuiteOptions["progress"]): Promise<readonly Variant[]> {
  try {
    await bed.apply(spec(true));
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    progress(`latency goals are left out: ${error.message}`);
    return [];
  }
  return [
    { name: `GONA, latency ${GOAL}`, bed, set: () => apply(bed, true, false), aimed: true },
    { name: `GONA, latency ${GOAL}, TCP with ECN`, bed, set: () => apply(bed, true, true), aimed: true },
  ];
}

async function underLoad({ bed, set }: Variant, { quick }: SuiteOptions): Promise<RttWindow> {
  await set?.();
  const tcp = bed.source(0, "egress", { kind: "tcp", congestion: "cubic", flows: FLOWS });
  const load = await RunningLoad.start(bed.loadHost, "load", [tcp]);
  await delay(quick ? SETTLE_MS.quick : SETTLE_MS.full);
  const window = await roundTrips(bed, "guest0", quick ? PROBE_MS.quick : PROBE_MS.full);
  await load.stop();
  await runDry(bed, [bed.egressFlow(0, NIC)], 15_000);
  return window;
}

const PERCENTILES = [
  { name: "round trip, median", of: (window: RttWindow) => window.p50Us },
  { name: "round trip, 99th percentile", of: (window: RttWindow) => window.p99Us, most: GOAL_US },
  { name: "round trip, 99.9th percentile", of: (window: RttWindow) => window.p999Us },
] as const;

/** Each variant's percentiles, beside the first of the others. */
function ownRows(seen: ReadonlyMap<Variant, readonly RttWindow[]>): readonly BenchRow[] {
  const [, base] = [...seen].find(([{ name }]) => !name.startsWith("GONA")) ?? [];
  const baseName = [...seen.keys()].find(({ name }) => !name.startsWith("GONA"))?.name;
  return [...seen].flatMap(([{ name, aimed }, windows]) =>
    PERCENTILES.map((percentile): BenchRow => {
      const own = summarize(windows.map(percentile.of));
      const other = base === undefined ? undefined : summarize(base.map(percentile.of)).value;
      const most = aimed === true && "most" in percentile ? percentile.most : undefined;
      return {
        suite: "latency",
        case: `beside ${FLOWS} TCP flows of the same guest, ${name}`,
        figure: percentile.name,
        unit: "us",
        ...own,
        ...(other !== undefined &&
          baseName !== undefined &&
          name !== baseName && { versus: { name: baseName, value: other, ratio: own.value / other } }),
        ...(most !== undefined && { target: `<= ${most}`, holds: own.value <= most }),
      };
    }),
  );
}

/** A guest that does nothing else, on an idle host and beside the other's 128 flows, in turns. */
async function neighbourRows(bed: QosBed, { quick, progress, signal }: SuiteOptions): Promise<readonly BenchRow[]> {
  await apply(bed, false, false);
  const lastsMs = quick ? NEIGHBOUR_MS.quick : NEIGHBOUR_MS.full;
  const [idle, busy]: [RttWindow[], RttWindow[]] = [[], []];
  for (let round = 0; round < (quick ? NEIGHBOUR_ROUNDS.quick : NEIGHBOUR_ROUNDS.full); round++) {
    signal?.throwIfAborted();
    idle.push(await roundTrips(bed, "guest1", lastsMs));
    const tcp = bed.source(0, "egress", { kind: "tcp", congestion: "cubic", flows: FLOWS });
    await using _load = await RunningLoad.start(bed.loadHost, "load", [tcp]);
    await delay(500);
    busy.push(await roundTrips(bed, "guest1", lastsMs));
    progress(`neighbour, idle host: ${wordsOf(idle.at(-1))}; beside the load: ${wordsOf(busy.at(-1))}`);
  }
  return PERCENTILES.slice(0, 2).map((percentile): BenchRow => {
    const own = summarize(busy.map(percentile.of));
    const base = summarize(idle.map(percentile.of)).value;
    const ratio = own.value / base;
    return {
      suite: "latency",
      case: `a neighbour of a guest with ${FLOWS} TCP flows`,
      figure: percentile.name,
      unit: "us",
      ...own,
      versus: { name: "an idle host", value: base, ratio },
      ...("most" in percentile && { target: "<= 1.5 x an idle host", holds: ratio <= 1.5 }),
    };
  });
}

const wordsOf = (window: RttWindow | undefined): string =>
  window === undefined
    ? ""
    : `p50 ${window.p50Us} us, p99 ${window.p99Us} us, p99.9 ${window.p999Us} us of ${window.answered}, unanswered ${window.unanswered}`;
