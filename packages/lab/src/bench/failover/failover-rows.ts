import { type BenchRow, summarize } from "../bench-row.ts";
import type { Cut } from "./cut.ts";

/** Datagrams a second in each direction. */
export const PER_SECOND = 10_000;

/**
 * One case's rows. `cable`: whether the wire was deaf before the carrier went ("deaf": then the total
 * has no target, because no program of the host can see that), or worked up to that instant. `blind`:
 * the same cut without the look at the carrier.
 */
export function rowsOf(
  name: string,
  cuts: readonly Cut[],
  blind: readonly Cut[],
  cable: "deaf" | "clean",
): readonly BenchRow[] {
  const row = (figure: string, unit: string, of: (cut: Cut) => number): BenchRow => {
    return { suite: "failover", case: name, figure, unit, ...summarize(cuts.map(of)) };
  };
  const all = ({ losses }: Cut): number => losses.behindCarrier + losses.ours;
  const ours = ({ losses }: Cut): number => losses.ours;
  const lost = row("lost a cut, guest to wire, in all", "packets", all);
  const lostByUs = row("lost though the carrier was gone (ours)", "packets", ours);
  const gap = row("longest gap, guest to wire", "ms", (cut) => cut.egress.gapMs);
  const byEvents = summarize(blind.map(all)).value;
  const versus = {
    name: "acting on link events",
    value: byEvents,
    ratio: byEvents === 0 ? 1 : lost.value / byEvents,
  };
  return [
    { ...lost, versus, ...(cable === "clean" && target(lost.value, 1)) },
    row("lost while the NIC had its carrier (the wire's)", "packets", ({ losses }) => losses.behindCarrier),
    { ...lostByUs, ...target(lostByUs.value, 1) },
    percentile99(lostByUs, cuts.map(ours)),
    { ...gap, ...target(gap.value, 5) },
    row("reordered a cut, guest to wire", "packets", (cut) => cut.egress.reordered),
    row("lost a cut, wire to guest", "packets", (cut) => cut.ingress.lost),
    row("longest gap, wire to guest", "ms", (cut) => cut.ingress.gapMs),
    row("until the daemon knew", "ms", (cut) => cut.toldAfterMs),
  ];
}

/** The same cuts by whoever acts on link events; also the proof that `ours` counts what it says. */
export function blindRows(name: string, cuts: readonly Cut[]): readonly BenchRow[] {
  const row = (figure: string, unit: string, of: (cut: Cut) => number): BenchRow => ({
    suite: "failover",
    case: name,
    figure,
    unit,
    ...summarize(cuts.map(of)),
  });
  return [
    row("lost while the NIC had its carrier (the wire's)", "packets", ({ losses }) => losses.behindCarrier),
    row("lost though the carrier was gone (ours)", "packets", ({ losses }) => losses.ours),
    row("until the daemon knew", "ms", (cut) => cut.toldAfterMs),
  ];
}

/** What the cable's return cost. */
export function returnRows(cuts: readonly Cut[], failback: string): readonly BenchRow[] {
  const row = (figure: string, of: (cut: Cut) => number): BenchRow => {
    const summary = summarize(cuts.map(of));
    return {
      suite: "failover",
      case: `the cable is back, failback ${failback}`,
      figure,
      unit: "packets",
      ...summary,
      ...target(summary.high, 0),
    };
  };
  return [
    row("lost, guest to wire", (cut) => cut.healed.egress.lost),
    row("lost, wire to guest", (cut) => cut.healed.ingress.lost),
    row("reordered, guest to wire", (cut) => cut.healed.egress.reordered),
  ];
}

const target = (value: number, highest: number): Pick<BenchRow, "target" | "holds"> => ({
  target: `<= ${highest}`,
  holds: value <= highest,
});

function percentile99(row: BenchRow, values: readonly number[]): BenchRow {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
  return { ...row, figure: `${row.figure}, 99th percentile`, value, ...target(value, 20) };
}
