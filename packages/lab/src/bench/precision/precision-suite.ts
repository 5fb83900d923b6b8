import { setTimeout as delay } from "node:timers/promises";
import { type BitsPerSecond, formatRate, megabitsPerSecond, nicId } from "@gona/model";
import { runCommand } from "../../bed/run-command.ts";
import type { Traffic } from "../../scenario/scenario.ts";
import { RunningTraffic } from "../../traffic/running-traffic.ts";
import { type BenchRow, summarize } from "../bench-row.ts";
import type { Suite, SuiteOptions } from "../suite.ts";
import { farEndRate } from "./far-end-rate.ts";
import { defaultHtbShaper, GUEST_ADDRESS, gonaShaper, type Shaper } from "./shapers.ts";

interface Cell {
  readonly limit: BitsPerSecond;
  readonly traffic: string;
}

const RATES = { full: [1, 10, 100, 1000, 2000, 5000], quick: [10, 100, 1000] };
const TRAFFICS = ["tcp1", "tcp8", "udp"];
const WORDS: Readonly<Record<string, string>> = { tcp1: "TCP", tcp8: "TCP x 8", udp: "UDP 1400" };
/** One core does not send more 1,400-byte datagrams than that. */
const UDP_UP_TO = megabitsPerSecond(1000);
/** Left out: slow start, and the bucket that is full at first. */
const SETTLE_MS = 2000;
const WINDOW_MS = { full: 5000, quick: 2500 };
/** UDP is sent so much faster than it may leave. */
const OFFERED = 1.2;
/** How often the queue is looked at during a window. */
const LOOKS = 4;

/** How exactly a limit is kept over seconds, at the far end. */
export const precisionSuite: Suite = {
  name: "precision",
  about: "error of the long-run egress rate against the limit, TCP and UDP, beside HTB with tc's default bursts",
  async run(options) {
    const windowMs = options.quick ? WINDOW_MS.quick : WINDOW_MS.full;
    options.progress("building two beds");
    await using stack = new AsyncDisposableStack();
    const gona = stack.use(await gonaShaper());
    const other = stack.use(await defaultHtbShaper());
    const errors = new Map<Shaper, number[]>();
    const rows: BenchRow[] = [];
    for (const cell of cellsOf(options)) {
      const measured: number[] = [];
      for (const shaper of [gona, other]) {
        options.signal?.throwIfAborted();
        const { error, saturated } = await measure(shaper, cell, windowMs);
        options.progress(`${nameOf(cell)}, ${shaper.name}: ${error.toFixed(3)} %`);
        if (!saturated) {
          options.progress(`${nameOf(cell)}: the sender did not fill the queue; left out`);
          continue;
        }
        measured.push(error);
        errors.set(shaper, [...(errors.get(shaper) ?? []), error]);
      }
      if (measured.length < 2) continue;
      const [mine = 0, theirs = 0] = measured;
      rows.push({
        suite: "precision",
        case: nameOf(cell),
        figure: "rate error",
        unit: "%",
        ...summarize([mine]),
        versus: { name: other.name, value: theirs, ratio: Math.abs(mine) / Math.abs(theirs) },
      });
    }
    return [...summaryOf(errors.get(gona) ?? [], other.name, errors.get(other) ?? []), ...rows];
  },
};

const cellsOf = ({ quick }: SuiteOptions): readonly Cell[] =>
  (quick ? RATES.quick : RATES.full)
    .map(megabitsPerSecond)
    .flatMap((limit) =>
      TRAFFICS.filter((traffic) => traffic !== "udp" || limit <= UDP_UP_TO).map((traffic) => ({ limit, traffic })),
    );

const nameOf = ({ limit, traffic }: Cell): string => `${formatRate(limit)}, ${WORDS[traffic] ?? traffic}`;

interface Measured {
  /** Of the rate at the far end, % of the limit. */
  readonly error: number;
  /** False: a UDP sender was too slow for the limit, so that its rate says nothing. TCP finds its rate by itself. */
  readonly saturated: boolean;
}

async function measure(shaper: Shaper, { limit, traffic }: Cell, windowMs: number): Promise<Measured> {
  await shaper.setLimit(limit);
  const sent = trafficAt(shaper, traffic, limit);
  await using _running = await RunningTraffic.start(shaper.bed, sent);
  await delay(SETTLE_MS);
  const [{ bitsPerSecond }, waiting] = await Promise.all([
    farEndRate(shaper.bed, nicId("eth1"), GUEST_ADDRESS, windowMs),
    leastWaiting(shaper, windowMs),
  ]);
  return { error: (bitsPerSecond / limit - 1) * 100, saturated: sent.kind !== "udp" || waiting > 0 };
}

/** The fewest packets that waited in the NIC's queues whenever they were looked at. */
async function leastWaiting({ bed }: Shaper, windowMs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < LOOKS; look++) {
    await delay(windowMs / (LOOKS + 1));
    const text = await runCommand("tc", ["-n", bed.plan.hub, "-s", "-j", "qdisc", "show", "dev", "eth1"]);
    const root = (JSON.parse(text) as { kind: string; qlen: number }[]).find(({ kind }) => kind === "htb");
    least = Math.min(least, root?.qlen ?? 0);
  }
  return least;
}

function trafficAt({ bed }: Shaper, name: string, limit: BitsPerSecond): Traffic {
  const traffic = bed.scenario.traffic.get(name);
  if (traffic === undefined) throw new RangeError(`the bench has no traffic ${name}`);
  return traffic.kind === "udp" ? { ...traffic, rate: Math.ceil(limit * OFFERED) as BitsPerSecond } : traffic;
}

function summaryOf(mine: readonly number[], otherName: string, theirs: readonly number[]): readonly BenchRow[] {
  const absolute = mine.map(Math.abs);
  const other = theirs.map(Math.abs);
  const row = (figure: string, value: number, base: number, most: number): BenchRow => ({
    suite: "precision",
    case: "all rates and traffics",
    figure,
    unit: "%",
    ...summarize(absolute),
    value,
    versus: { name: otherName, value: base, ratio: value / base },
    target: `<= ${most}`,
    holds: value <= most,
  });
  return [
    row("worst rate error", Math.max(...absolute), Math.max(...other), 0.2),
    row("median rate error", summarize(absolute).value, summarize(other).value, 0.05),
  ];
}
