import { setTimeout as delay } from "node:timers/promises";
import { GonaError } from "@gona/model";
import { runCommand, runInside } from "../../bed/run-command.ts";
import { SLOWNESS } from "../../bed/slowness.ts";
import { type BenchRow, summarize } from "../bench-row.ts";
import { jain } from "../figures/jain.ts";
import { roundTrips, startEcho } from "../latency/round-trips.ts";
import { RunningLoad } from "../load/running-load.ts";
import type { BenchSpec } from "../qos-bed/bench-spec.ts";
import { measureRates, runDry } from "../qos-bed/measure-rates.ts";
import { type Kind, QosBed } from "../qos-bed/qos-bed.ts";
import type { Suite, SuiteOptions } from "../suite.ts";
import { flowBytes, gained } from "./flow-bytes.ts";
import { htbBed, NIC } from "./htb-bed.ts";

/** What an emulated machine fills too (packages/lab/src/vm/bench-in-guest.ts). */
const LIMIT_MEGABITS = SLOWNESS > 1 ? 5 : 30;
const ROUNDS = { full: 3, quick: 1 };
const SETTLE_MS = { full: 3000, quick: 2500 };
const WINDOW_MS = { full: 8000, quick: 6000 };
const GOAL = "5ms";

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
  ],
});

const tcp = (congestion: "cubic" | "bbr", flows: number): Kind => ({ kind: "tcp", congestion, flows });

/** Loads of one guest; what is asked beside them. */
const LOADS: readonly {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly probe: boolean;
  readonly ecn: boolean;
}[] = [
  { name: "32 TCP flows (cubic)", kinds: [tcp("cubic", 32)], probe: true, ecn: true },
  { name: "8 TCP flows (cubic)", kinds: [tcp("cubic", 8)], probe: false, ecn: true },
  { name: "8 TCP flows (bbr)", kinds: [tcp("bbr", 8)], probe: false, ecn: false },
  { name: "4 cubic and 4 bbr TCP flows", kinds: [tcp("cubic", 4), tcp("bbr", 4)], probe: false, ecn: false },
];

/** A way of queueing: its bed, and how it comes about there. */
interface Variant {
  readonly name: string;
  readonly bed: QosBed;
  readonly ecn: boolean;
  readonly set: () => Promise<void>;
}

interface Figure {
  readonly figure: string;
  readonly unit: string;
  readonly value: number;
}

/** What a queue's discipline does for a small question, and among flows that send all they can. */
export const queuesSuite: Suite = {
  name: "queues",
  about: `round trips and fairness of TCP flows of one guest under ${LIMIT_MEGABITS} Mbit/s, by GONA's own queues, by fq_codel where the kernel has it, beside HTB`,
  async run(options) {
    const { quick, progress } = options;
    progress("building the beds");
    await using stack = new AsyncDisposableStack();
    const variants: Variant[] = [];
    for (const build of [ownQueues, fqCodel, ...(isBrief(options) ? [] : [plainHtb])]) {
      const bed = await build(progress);
      if (bed === undefined) continue;
      stack.use(bed.bed);
      await startEcho(bed.bed);
      variants.push(...bed.variants.filter(({ ecn }) => !ecn || !isBrief(options)));
    }
    const seen = new Map<string, Figure[]>();
    for (let round = 0; round < (quick ? ROUNDS.quick : ROUNDS.full); round++)
      for (const load of LOADS)
        for (const variant of variants) {
          if (variant.ecn && !load.ecn) continue;
          options.signal?.throwIfAborted();
          const figures = await measure(variant, load, options);
          progress(`${load.name}, ${variant.name}: ${figures.map(wordsOf).join(", ")}`);
          const key = `${load.name}, ${variant.name}`;
          seen.set(key, [...(seen.get(key) ?? []), ...figures]);
        }
    return [...seen].flatMap(([name, figures]) => rowsOf(name, figures));
  },
};

/** An emulated machine takes minutes for each figure: there GONA's two ways alone are shown, without ECN. */
const isBrief = ({ quick }: SuiteOptions): boolean => quick && SLOWNESS > 1;

interface Bed {
  readonly bed: QosBed;
  readonly variants: readonly Variant[];
}

async function ownQueues(): Promise<Bed> {
  const bed = await QosBed.gona("bench-queues", spec(true), { without: "fq_codel" });
  return { bed, variants: goalVariants(bed, "GONA's own queues") };
}

async function plainHtb(): Promise<Bed> {
  const bed = await htbBed(spec(false), LIMIT_MEGABITS);
  return { bed, variants: [{ name: "HTB", bed, ecn: false, set: async () => undefined }] };
}

/** Undefined where this kernel has none: asked by making one, in a namespace that goes with the asking process. */
async function fqCodel(progress: SuiteOptions["progress"]): Promise<Bed | undefined> {
  try {
    await runCommand("unshare", ["--net", "tc", "qdisc", "add", "dev", "lo", "root", "fq_codel"]);
  } catch (error) {
    if (!(error instanceof GonaError)) throw error;
    progress(`fq_codel is left out: ${error.message}`);
    return undefined;
  }
  const bed = await QosBed.gona("bench-queues-fair", spec(true));
  return { bed, variants: goalVariants(bed, "GONA with fq_codel") };
}

const goalVariants = (bed: QosBed, name: string): readonly Variant[] =>
  [false, true].map((ecn) => ({
    name: `${name}, latency ${GOAL}${ecn ? ", TCP with ECN" : ""}`,
    bed,
    ecn,
    set: () => setEcn(bed, ecn),
  }));

/** Asked for by the guest; the peer takes it in any case (2 is the kernel's default: answer, do not ask). */
async function setEcn({ bed }: QosBed, on: boolean): Promise<void> {
  const script = `echo ${on ? 1 : 2} > /proc/sys/net/ipv4/tcp_ecn`;
  await runInside(bed.station("guest0").netns, "sh", ["-ec", script]);
}

async function measure(
  { bed, set }: Variant,
  { kinds, probe }: (typeof LOADS)[number],
  { quick }: SuiteOptions,
): Promise<readonly Figure[]> {
  await set();
  const flow = bed.egressFlow(0, NIC);
  // A load that was killed leaves connections whose end the peer has not heard of.
  const strange = new Set((await flowBytes(bed)).keys());
  const load = await RunningLoad.start(
    bed.loadHost,
    "load",
    kinds.map((kind) => bed.source(0, "egress", kind)),
  );
  await delay(quick ? SETTLE_MS.quick : SETTLE_MS.full);
  const lastsMs = quick ? WINDOW_MS.quick : WINDOW_MS.full;
  const own = async () => new Map([...(await flowBytes(bed))].filter(([port]) => !strange.has(port)));
  const before = await own();
  const [[rate = 0], window] = await Promise.all([
    measureRates(bed, [flow], lastsMs),
    probe ? roundTrips(bed, "guest0", lastsMs) : undefined,
  ]);
  const parts = gained(before, await own());
  await load.stop();
  await runDry(bed, [flow], 15_000);
  return [
    { figure: "of the limit", unit: "%", value: rate / LIMIT_MEGABITS / 1e4 },
    { figure: "Jain's index of the flows", unit: "", value: jain(parts) },
    ...(window === undefined
      ? []
      : [
          { figure: "round trip, median", unit: "us", value: window.p50Us },
          { figure: "round trip, 99th percentile", unit: "us", value: window.p99Us },
        ]),
  ];
}

const wordsOf = ({ figure, value, unit }: Figure): string => `${figure} ${Number(value.toPrecision(4))} ${unit}`.trim();

function rowsOf(name: string, figures: readonly Figure[]): readonly BenchRow[] {
  return [...new Set(figures.map(({ figure }) => figure))].map((figure) => {
    const own = figures.filter((item) => item.figure === figure);
    const values = summarize(own.map(({ value }) => value));
    return { suite: "queues", case: name, figure, unit: own[0]?.unit ?? "", ...values };
  });
}
