import { join } from "node:path";
import { REPOSITORY } from "../../bed/lab-paths.ts";
import { type BenchRow, summarize } from "../bench-row.ts";
import type { Suite, SuiteOptions } from "../suite.ts";
import { packetRate, roundTripTime, tcpBitsPerSecond } from "./measure.ts";
import { programCosts } from "./program-cost.ts";
import { type BenchPath, buildPath } from "./topology.ts";
import { PATH_VARIANTS } from "./variants.ts";

interface Figure {
  readonly name: string;
  /** Rounds in a full run and in a quick one; every variant once a round. */
  readonly rounds: readonly [full: number, quick: number];
  /** By the row's figure. */
  readonly measure: (path: BenchPath, quick: boolean) => Promise<Readonly<Record<string, number>>>;
}

const PACKETS = "64-byte UDP";
const UNITS: Readonly<Record<string, string>> = {
  [PACKETS]: "packets/s",
  "processor time of a packet": "ns",
  "one TCP flow": "Gbit/s",
  "round trip, median": "us",
  "round trip, 99th percentile": "us",
};

const FIGURES: readonly Figure[] = [
  {
    name: PACKETS,
    rounds: [9, 3],
    measure: async (path, quick) => {
      const { perSecond, cpuNsEach } = await packetRate(path, quick ? 400 : 1000);
      return { [PACKETS]: perSecond, "processor time of a packet": cpuNsEach };
    },
  },
  {
    name: "one TCP flow",
    rounds: [5, 1],
    measure: async (path, quick) => ({ "one TCP flow": (await tcpBitsPerSecond(path, quick ? 1 : 2)) / 1e9 }),
  },
  {
    name: "round trip",
    rounds: [5, 1],
    measure: async (path, quick) => {
      const { p50Us, p99Us } = await roundTripTime(path, quick ? 1000 : 5000);
      return { "round trip, median": p50Us, "round trip, 99th percentile": p99Us };
    },
  },
];

/** What a case is held against, and the ratio of packets/s aimed at. */
interface Versus {
  readonly name: string;
  readonly atLeast?: number;
}

/** A row for each. */
const VERSUS: Readonly<Record<string, readonly Versus[]>> = {
  bridge: [{ name: "direct veth" }],
  "bridge + HTB": [{ name: "bridge" }],
  "bridge + HTB + filter by MAC": [{ name: "bridge + HTB" }],
  GONA: [{ name: "bridge" }],
  "GONA + HTB": [{ name: "bridge + HTB", atLeast: 1.15 }],
  "hop by GONA": [{ name: "GONA" }],
  "hop by GONA + HTB": [
    { name: "bridge + HTB", atLeast: 1.1 },
    { name: "GONA + HTB", atLeast: 0.85 },
  ],
  "hop by bridge": [{ name: "bridge" }],
  "hop by bridge + HTB": [{ name: "bridge + HTB" }],
  "hop by routing": [{ name: "bridge" }],
  "hop by routing + HTB": [{ name: "bridge + HTB" }],
  "machine (virtio) by GONA + HTB": [{ name: "hop by GONA + HTB" }],
  "machine (e1000) by GONA + HTB": [{ name: "hop by GONA + HTB" }],
};

/** GONA's way through the hub beside a bridge's, one core, everything in one run. */
export const pathSuite: Suite = {
  name: "path",
  about:
    "packets/s, TCP, round-trip time and ns of the programs, through the hub, and over a hop into a driver domain: by GONA (a namespace, a virtual machine), a bridge, routing; with HTB",
  async run(options) {
    const { buildBpf } = await import("../../../../../scripts/build-bpf.mjs");
    buildBpf({
      source: join(REPOSITORY, "bpf/bench_sink.bpf.c"),
      output: join(REPOSITORY, "build/bpf/bench_sink.bpf.o"),
    });
    await using stack = new AsyncDisposableStack();
    const paths: BenchPath[] = [];
    for (const variant of PATH_VARIANTS) {
      options.progress(`building ${variant.name}`);
      paths.push(stack.use(await buildPath(variant)));
    }
    const rows: BenchRow[] = [];
    for (const figure of FIGURES) rows.push(...(await measureFigure(figure, paths, options)));
    rows.push(...(await programCosts(options)));
    return rows;
  },
};

async function measureFigure(figure: Figure, paths: readonly BenchPath[], options: SuiteOptions): Promise<BenchRow[]> {
  /** By figure, then by variant. */
  const rounds = new Map<string, Map<string, number[]>>();
  const count = figure.rounds[options.quick ? 1 : 0];
  for (let round = 1; round <= count; round++) {
    for (const path of paths) {
      options.signal?.throwIfAborted();
      options.progress(`${figure.name}, round ${round} of ${count}: ${path.variant.name}`);
      for (const [name, value] of Object.entries(await figure.measure(path, options.quick))) {
        const byVariant = rounds.get(name) ?? new Map<string, number[]>();
        rounds.set(name, byVariant);
        byVariant.set(path.variant.name, [...(byVariant.get(path.variant.name) ?? []), value]);
      }
    }
  }
  return [...rounds].flatMap(([name, byVariant]) => rowsOf(name, byVariant));
}

function rowsOf(name: string, byVariant: ReadonlyMap<string, readonly number[]>): BenchRow[] {
  return [...byVariant].flatMap(([variant, values]) => {
    const row: BenchRow = { suite: "path", case: variant, figure: name, unit: UNITS[name] ?? "", ...summarize(values) };
    const compared = (VERSUS[variant] ?? []).flatMap((versus) => compare(row, versus, byVariant.get(versus.name)));
    return compared.length === 0 ? [row] : compared;
  });
}

function compare(row: BenchRow, { name, atLeast }: Versus, other: readonly number[] | undefined): BenchRow[] {
  if (other === undefined) return [];
  const { value } = summarize(other);
  const ratio = row.value / value;
  const compared = { ...row, versus: { name, value, ratio } };
  if (atLeast === undefined || row.figure !== PACKETS) return [compared];
  return [{ ...compared, target: `>= ${atLeast} x ${name}`, holds: ratio >= atLeast }];
}
