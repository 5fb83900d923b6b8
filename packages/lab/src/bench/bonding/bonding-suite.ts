import { GonaError } from "@gona/model";
import { runCommand } from "../../bed/run-command.ts";
import { SLOWNESS } from "../../bed/slowness.ts";
import { benchInGuest } from "../../vm/guest-bench.ts";
import { type BenchRow, summarize } from "../bench-row.ts";
import type { Suite, SuiteOptions } from "../suite.ts";
import { ECHOES_PER_SECOND } from "./echo-stream.ts";
import { measureWay, type WayFigures } from "./measure-way.ts";
import { WAYS } from "./ways.ts";

const ROUNDS = { full: 5, quick: 1 };
const WINDOW_MS = { full: 8000, quick: 3000 };

/** Beside what operators use today; in a guest with Debian's kernel where this one has no bonding. */
export const bondingSuite: Suite = {
  name: "bonding",
  about: "failover gap, loss and spread over two NICs beside Linux bonding + bridge, on one plain switch",
  async run(options) {
    if (!(await hasBonding())) return inGuest(options);
    const figures = new Map<string, WayFigures>();
    for (const way of WAYS) {
      options.progress(`${way.name}: building its bed`);
      const measured = await measureWay(way, {
        rounds: options.quick ? ROUNDS.quick : ROUNDS.full,
        windowMs: options.quick ? WINDOW_MS.quick : WINDOW_MS.full,
        progress: (line) => options.progress(`${way.name}: ${line}`),
        signal: options.signal,
      });
      figures.set(way.name, measured);
    }
    const [base] = figures;
    return [...figures].flatMap(([name, measured]) => rowsOf(name, measured, base));
  },
};

/** Whether the kernel can make a bond; asked by making one, in a namespace that goes with the asking process. */
async function hasBonding(): Promise<boolean> {
  try {
    await runCommand("unshare", ["--net", "ip", "link", "add", "asked", "type", "bond"]);
    return true;
  } catch (error) {
    if (!(error instanceof GonaError) || !/not supported|unknown device type/i.test(error.message)) throw error;
    if (SLOWNESS === 1) return false;
    throw new GonaError("NO_KERNEL_FEATURE", "the guest's kernel has no bonding", {}, { cause: error });
  }
}

async function inGuest({ quick, progress, signal }: SuiteOptions): Promise<readonly BenchRow[]> {
  progress("this kernel has no bonding: in a guest with Debian's, emulated, which takes minutes");
  const words = ["bonding", ...(quick ? ["--quick"] : [])];
  // The guest names the suite in each line, as this side does.
  const say = (line: string): void => progress(line.replace(/^bonding: /, ""));
  return benchInGuest(words, { progress: say, ...(signal && { signal }) });
}

/** `base`: the way that the others are told in parts of, with its name. */
function rowsOf(
  name: string,
  figures: WayFigures,
  base: readonly [string, WayFigures] | undefined,
): readonly BenchRow[] {
  const row = (figure: string, unit: string, of: (figures: WayFigures) => readonly number[]): BenchRow => {
    const summary = summarize(of(figures));
    const value = base === undefined || base[1] === figures ? 0 : summarize(of(base[1])).value;
    return {
      suite: "bonding",
      case: name,
      figure,
      unit,
      ...summary,
      // There is no ratio to nothing.
      ...(base !== undefined && value > 0 && { versus: { name: base[0], value, ratio: summary.value / value } }),
    };
  };
  return [
    row(`round trips lost a cut, of ${ECHOES_PER_SECOND}/s`, "packets", ({ cuts }) => cuts.map(({ lost }) => lost)),
    row("longest gap a cut", "ms", ({ cuts }) => cuts.map(({ gapMs }) => gapMs)),
    row("spread over the NICs, guest to wire", "% of the mean", ({ spread }) => [spread.egress]),
    row("spread over the NICs, wire to guest", "% of the mean", ({ spread }) => [spread.ingress]),
  ];
}
