import { setTimeout as delay } from "node:timers/promises";
import { GonaError } from "@gona/model";
import { RunningTraffic } from "../../traffic/running-traffic.ts";
import type { SequenceTotals } from "../../traffic/sequence-account.ts";
import { type BenchRow, summarize } from "../bench-row.ts";
import { RunningLoad } from "../load/running-load.ts";
import { type BenchSpec, PROBES, PROBES_PER_SECOND } from "../qos-bed/bench-spec.ts";
import { type Direction, QosBed } from "../qos-bed/qos-bed.ts";
import type { Suite, SuiteOptions } from "../suite.ts";

const RATE_CHANGES = { full: 1000, quick: 100 };
const NIC_CHANGES = { full: 100, quick: 12 };
/** A set of NICs lives at least so long: that of a person or a controller, not of a loop. */
const NIC_CHANGE_EVERY_MS = 150;
const CONTROL_MS = { full: 20_000, quick: 4000 };
/** What was under way when the last change came has arrived, and the probes' windows have told it. */
const SETTLE_MS = 700;
/** What the first guest sends, below each of its limits. */
const STEADY_MEGABITS = 100;
const LIMITS = [200, 350, 250, 400, 300];
const NIC_SETS = [["eth1"], ["eth1", "eth2"], ["eth2"], ["eth1", "eth2"]];
const DIRECTIONS: readonly Direction[] = ["egress", "ingress"];

/** Guest 0 is watched; guest 1's TCP fills what is left of eth1, under limits that change too. */
const spec = (limit: number, nics: readonly string[]): BenchSpec => ({
  nics: [
    { name: "eth1", capacity: "1Gbit" },
    { name: "eth2", capacity: "1Gbit" },
  ],
  guests: [
    {
      name: "guest0",
      aggregate: { slices: nics.map((nic) => ({ nic, egress: { reserve: "150Mbit", limit: `${limit}Mbit` } })) },
    },
    {
      name: "guest1",
      aggregate: { slices: [{ nic: "eth1", egress: { limit: `${limit + 100}Mbit` } }] },
    },
  ],
});

interface Cost extends Omit<SequenceTotals, "received"> {
  readonly received: number;
}

/** What changes of a running guest cost: packets lost, reordered, duplicated. */
export const churnSuite: Suite = {
  name: "churn",
  about: "packets lost, reordered and duplicated by 1,000 rate changes and 100 changes of a guest's NICs under load",
  async run(options) {
    const { quick, progress } = options;
    progress("building a bed");
    await using bed = await QosBed.gona("bench-churn", spec(LIMITS[0] ?? 0, NIC_SETS[0] ?? []));
    const probes = await Promise.all(DIRECTIONS.map((direction) => startProbe(bed, direction)));
    await using stack = new AsyncDisposableStack();
    for (const probe of probes) stack.use(probe);
    stack.use(
      await RunningLoad.start(bed.loadHost, "steady", [
        bed.source(0, "egress", { kind: "udp", datagramBytes: 1000, bitsPerSecond: STEADY_MEGABITS * 1e6, flows: 4 }),
      ]),
    );
    stack.use(
      await RunningLoad.start(bed.loadHost, "tcp", [
        bed.source(1, "egress", { kind: "tcp", congestion: "cubic", flows: 4 }),
      ]),
    );
    await delay(SETTLE_MS);

    const control = await cost(probes, () => delay(quick ? CONTROL_MS.quick : CONTROL_MS.full));
    progress(`without changes: ${words(control)}`);
    const rates = await changes(bed, probes, quick ? RATE_CHANGES.quick : RATE_CHANGES.full, options, (change) =>
      spec(LIMITS[change % LIMITS.length] ?? 0, NIC_SETS[0] ?? []),
    );
    progress(`${rates.tookMs.length} rate changes: ${words(rates.costs)}`);
    const nics = await changes(
      bed,
      probes,
      quick ? NIC_CHANGES.quick : NIC_CHANGES.full,
      options,
      (change) => spec(LIMITS[0] ?? 0, NIC_SETS[change % NIC_SETS.length] ?? []),
      NIC_CHANGE_EVERY_MS,
    );
    progress(`${nics.tookMs.length} changes of the NICs: ${words(nics.costs)}`);
    return [
      ...rows(`${rates.tookMs.length} rate changes`, rates, control),
      ...rows(`${nics.tookMs.length} changes of the NICs`, nics, control),
    ];
  },
};

async function startProbe(bed: QosBed, direction: Direction): Promise<RunningTraffic> {
  const traffic = bed.bed.scenario.traffic.get(PROBES[direction]);
  if (traffic === undefined) throw new GonaError("BUG", `the bench has no probe ${PROBES[direction]}`);
  return RunningTraffic.start(bed.bed, traffic);
}

const totals = ({ record }: RunningTraffic): SequenceTotals =>
  record.sequence.at(-1) ?? { received: 0, lost: 0, reordered: 0, duplicated: 0 };

/** What was lost, reordered and duplicated during some work, by direction. */
async function cost(probes: readonly RunningTraffic[], work: () => Promise<unknown>): Promise<readonly Cost[]> {
  const before = probes.map(totals);
  await work();
  await delay(SETTLE_MS);
  return probes.map((probe, index) => {
    if (!probe.healthy) throw new GonaError("SCENARIO_FAILED", `a probe ended by itself:\n${probe.logTail()}`);
    const [from, to] = [before[index] ?? totals(probe), totals(probe)];
    return {
      received: to.received - from.received,
      lost: to.lost - from.lost,
      reordered: to.reordered - from.reordered,
      duplicated: to.duplicated - from.duplicated,
    };
  });
}

interface Changes {
  readonly costs: readonly Cost[];
  /** Of each change, as the client waits. */
  readonly tookMs: readonly number[];
}

async function changes(
  bed: QosBed,
  probes: readonly RunningTraffic[],
  count: number,
  { signal }: SuiteOptions,
  specOf: (change: number) => BenchSpec,
  everyMs = 0,
): Promise<Changes> {
  const tookMs: number[] = [];
  const costs = await cost(probes, async () => {
    for (let change = 1; change <= count; change++) {
      signal?.throwIfAborted();
      const begin = performance.now();
      await bed.apply(specOf(change));
      tookMs.push(performance.now() - begin);
      await delay(Math.max(0, everyMs - (performance.now() - begin)));
    }
  });
  return { costs, tookMs };
}

const FIGURES = ["lost", "reordered", "duplicated"] as const;

function rows(name: string, { costs, tookMs }: Changes, control: readonly Cost[]): readonly BenchRow[] {
  return [
    ...DIRECTIONS.flatMap((direction, index) =>
      FIGURES.map((figure): BenchRow => {
        const value = costs[index]?.[figure] ?? 0;
        const base = control[index]?.[figure] ?? 0;
        return {
          suite: "churn",
          case: `${name}, ${direction}, ${PROBES_PER_SECOND} probes/s`,
          figure: `packets ${figure}`,
          unit: "packets",
          ...summarize([value]),
          // There is no ratio to nothing.
          ...(base > 0 && { versus: { name: "no changes", value: base, ratio: value / base } }),
          target: "0",
          holds: value === 0,
        };
      }),
    ),
    { suite: "churn", case: name, figure: "time of a change, as its client waits", unit: "ms", ...summarize(tookMs) },
  ];
}

const words = (costs: readonly Cost[]): string =>
  costs
    .map(
      ({ received, lost, reordered, duplicated }, index) =>
        `${DIRECTIONS[index]} ${lost} lost, ${reordered} reordered, ${duplicated} duplicated of ${received}`,
    )
    .join("; ");
