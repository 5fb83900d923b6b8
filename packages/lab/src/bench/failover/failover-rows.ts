import { type BenchRow, summarize } from "../bench-row.ts";
import type { CrowdCut } from "./crowd.ts";
import type { Costs, Cut } from "./cut.ts";

/** Datagrams a second. */
export const PER_SECOND = { egress: 20_000, ingress: 10_000 } as const;

/** Of a lost datagram, in those that 10,000/s would have lost. */
const PER_10_000 = 10_000 / PER_SECOND.egress;
const UNIT = "packets at 10,000/s";
/** Three intervals of the probe. */
const SILENT_MS = 30;
const INBOUND_MS = 50;

type Judged = Pick<BenchRow, "target" | "holds">;

const atMost = (value: number, highest: number): Judged => ({ target: `<= ${highest}`, holds: value <= highest });

/** The rows of one figure of many cuts. */
class Rows {
  readonly rows: BenchRow[] = [];
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** `most`: of the median. */
  median(figure: string, unit: string, values: readonly number[], most?: number, versus?: BenchRow["versus"]): void {
    const row = { suite: "failover", case: this.#name, figure, unit, ...summarize(values) };
    this.rows.push({ ...row, ...(versus && { versus }), ...(most !== undefined && atMost(row.value, most)) });
  }

  percentile99(figure: string, unit: string, values: readonly number[], most?: number): void {
    const sorted = values.toSorted((a, b) => a - b);
    const value = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
    const { low, high } = summarize(values);
    const row = { suite: "failover", case: this.#name, figure: `${figure}, 99th percentile`, unit, value, low, high };
    this.rows.push({ ...row, ...(most !== undefined && atMost(value, most)) });
  }

  /** Of all rounds together. */
  worst(figure: string, unit: string, values: readonly number[], most: number): void {
    const { low, high } = summarize(values);
    const row = { suite: "failover", case: this.#name, figure, unit, value: high, low, high };
    this.rows.push({ ...row, ...atMost(high, most) });
  }
}

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
  const rows = new Rows(name);
  const all = cuts.map(({ losses }) => (losses.behindCarrier + losses.ours) * PER_10_000);
  const ours = cuts.map(({ losses }) => losses.ours * PER_10_000);
  const lost = summarize(all).value;
  const byEvents = summarize(blind.map(({ losses }) => (losses.behindCarrier + losses.ours) * PER_10_000)).value;
  const ratio = byEvents === 0 ? 1 : lost / byEvents;
  rows.median("lost a cut, guest to wire, in all", UNIT, all, cable === "clean" ? 1 : undefined, {
    name: "acting on link events",
    value: byEvents,
    ratio,
  });
  if (cable === "clean") rows.percentile99("lost a cut, guest to wire, in all", UNIT, all, 20);
  const wires = cuts.map(({ losses }) => losses.behindCarrier * PER_10_000);
  rows.median("lost while the NIC had its carrier (the wire's)", UNIT, wires);
  rows.median("lost though the carrier was gone (ours)", UNIT, ours, 1);
  rows.percentile99("lost though the carrier was gone (ours)", UNIT, ours, 20);
  rows.median("longest gap, guest to wire", "ms", gaps(cuts, "egress"), 5);
  rows.median("reordered a cut, guest to wire", "packets", reordered(cuts));
  inboundRows(rows, cuts);
  rows.median("until the daemon knew", "ms", toldAfter(cuts));
  return rows.rows;
}

/** What TCP sent again, and what happened to the datagrams beside it. */
export function tcpRows(name: string, cuts: readonly Cut[], without: readonly number[]): readonly BenchRow[] {
  const rows = new Rows(name);
  const again = cuts.map(({ retransmitted }) => retransmitted);
  const value = summarize(without).value;
  const ratio = value === 0 ? 1 : summarize(again).value / value;
  const versus = { name: "as long without a cut", value, ratio };
  rows.median("TCP segments sent again a cut", "segments", again, 1, versus);
  rows.percentile99("TCP segments sent again a cut", "segments", again, 20);
  const ours = cuts.map(({ losses }) => losses.ours * PER_10_000);
  rows.median("datagrams lost though the carrier was gone (ours)", UNIT, ours, 1);
  return rows.rows;
}

/** A path that dies behind a living carrier. */
export function silentRows(name: string, cuts: readonly Cut[]): readonly BenchRow[] {
  const rows = new Rows(name);
  const lostMs = cuts.map(({ egress }) => (egress.lost / PER_SECOND.egress) * 1000);
  rows.median("what a cut lost, guest to wire, in time", "ms", lostMs, SILENT_MS);
  rows.percentile99("what a cut lost, guest to wire, in time", "ms", lostMs);
  inboundRows(rows, cuts);
  rows.median("until the daemon knew", "ms", toldAfter(cuts));
  return rows.rows;
}

/** The same cuts by whoever acts on link events; also the proof that `ours` counts what it says. */
export function blindRows(name: string, cuts: readonly Cut[]): readonly BenchRow[] {
  const rows = new Rows(name);
  const per10000 = (of: (cut: Cut) => number): readonly number[] => cuts.map((cut) => of(cut) * PER_10_000);
  const wires = per10000(({ losses }) => losses.behindCarrier);
  rows.median("lost while the NIC had its carrier (the wire's)", UNIT, wires);
  const ours = per10000(({ losses }) => losses.ours);
  rows.median("lost though the carrier was gone (ours)", UNIT, ours);
  rows.median("until the daemon knew", "ms", toldAfter(cuts));
  return rows.rows;
}

/** What the cable's return cost. */
export function returnRows(cuts: readonly Cut[], failback: string): readonly BenchRow[] {
  const healed = cuts.map((cut) => cut.healed);
  return hitlessRows(`the cable is back, failback ${failback}`, healed);
}

/** What neither may lose nor reorder anything. */
export function hitlessRows(name: string, costs: readonly Costs[]): readonly BenchRow[] {
  const rows = new Rows(name);
  const worst = (figure: string, of: (cost: Costs) => number): void => rows.worst(figure, "packets", costs.map(of), 0);
  worst("lost, guest to wire", ({ egress }) => egress.lost);
  worst("lost, wire to guest", ({ ingress }) => ingress.lost);
  worst("reordered, guest to wire", ({ egress }) => egress.reordered);
  worst("reordered, wire to guest", ({ ingress }) => ingress.reordered);
  return rows.rows;
}

/** A host with many guests. */
export function crowdRows(name: string, cuts: readonly CrowdCut[]): readonly BenchRow[] {
  const rows = new Rows(name);
  const times = (of: (cut: CrowdCut) => number): readonly number[] => cuts.map(of);
  rows.median(
    "until the daemon knew",
    "ms",
    times(({ toldMs }) => toldMs),
  );
  rows.median(
    "from the cut until a frame of each guest had left by another NIC",
    "ms",
    times(({ sentMs }) => sentMs),
    100,
  );
  rows.median(
    "lost of those frames, sent at the cut",
    "packets",
    times(({ lost }) => lost),
    0,
  );
  rows.median(
    "from the cut until all MACs were told",
    "ms",
    times(({ announcedMs }) => announcedMs),
    100,
  );
  // The packet path passes the dead NIC by: nobody waits for this.
  rows.median(
    "from the cut until all tables were moved",
    "ms",
    times(({ movedMs }) => movedMs),
  );
  return rows.rows;
}

function inboundRows(rows: Rows, cuts: readonly Cut[]): void {
  const lost = cuts.map(({ ingress }) => ingress.lost);
  rows.median("lost a cut, wire to guest", UNIT, lost);
  rows.percentile99("inbound traffic is back", "ms", gaps(cuts, "ingress"), INBOUND_MS);
}

const gaps = (cuts: readonly Cut[], way: "egress" | "ingress"): readonly number[] => cuts.map((cut) => cut[way].gapMs);
const reordered = (cuts: readonly Cut[]): readonly number[] => cuts.map(({ egress }) => egress.reordered);
const toldAfter = (cuts: readonly Cut[]): readonly number[] => cuts.map(({ toldAfterMs }) => toldAfterMs);
