import { formatRate } from "@gona/model";
import type { LabView, PhaseResult, ProbeRow, SliceRow } from "./lab-view.ts";
import type { Paint } from "./paint.ts";
import { coveredMs } from "./span.ts";
import { formatMegabits, type Verdict } from "./verdict.ts";

/** `300 Mbit/s … 1 Gbit/s`: guaranteed, and never above. */
export const promiseText = ({ reserve, limit }: Pick<SliceRow, "reserve" | "limit">): string =>
  `${reserve === 0 ? "0" : `${formatRate(reserve)}/s`} … ${formatRate(limit)}/s`;

/** A bar of `width` cells, full at the limit, with a mark at the reservation. */
export function bar({ delivered, limit, reserve }: SliceRow, width: number): string {
  const cells = limit === 0 ? 0 : Math.min(width, Math.round((delivered / limit) * width));
  const mark = reserve === 0 || reserve >= limit ? -1 : Math.min(width - 1, Math.floor((reserve / limit) * width));
  return Array.from({ length: width }, (_, cell) => (cell < cells ? "█" : cell === mark ? "┊" : "·")).join("");
}

export function sliceLine(row: SliceRow, first: boolean, paint: Paint): string {
  const { slice, delivered, cable } = row;
  const guest = (first ? slice.guest : "").padEnd(8);
  const nic = `${slice.nic}${cable === "plugged" ? "" : " ✂"}`.padEnd(8);
  const filled = bar(row, 24);
  const coloured = cable === "plugged" ? paint.accent(filled) : paint.dim(filled);
  return `  ${paint.bold(guest)} ${cable === "plugged" ? nic : paint.bad(nic)} ${promiseText(row).padEnd(26)} ${coloured} ${formatMegabits(delivered).padStart(16)}`;
}

export const probeLine = (probe: ProbeRow): string =>
  `${probe.name}: ${probe.from} → ${probe.to}, ${probe.perSecond.toLocaleString("en")} packets/s, ` +
  `${probe.received.toLocaleString("en")} came, ${probe.lost.toLocaleString("en")} lost, longest gap ${probe.longestGapMs.toFixed(1)} ms`;

export const cablesLine = (view: LabView, paint: Paint): string =>
  [
    ...view.nics.map(({ nic, cable }) =>
      cable === "plugged" ? `${nic} ${paint.good("●")}` : paint.bad(`${nic} ✂ ${cable}`),
    ),
    `daemon ${view.daemon === "running" ? paint.good("●") : paint.bad("✕ killed")}`,
  ].join("   ");

export function verdictLine(verdict: Verdict, paint: Paint): string {
  const mark = verdict.kept ? paint.good("✓") : paint.bad("✗");
  return `  ${mark} ${verdict.subject.padEnd(16)} ${verdict.promised.padEnd(40)} ${verdict.delivered}`;
}

/** Words on lines of at most `width`. */
export function fold(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

export const allKept = (results: readonly PhaseResult[]): boolean =>
  results.every(({ verdicts }) => verdicts.every(({ kept }) => kept));

/** The last lines of a run: what was kept, kind by kind, and what was not. */
export function summary(results: readonly PhaseResult[], paint: Paint): string[] {
  const verdicts = results.flatMap((result) => result.verdicts);
  const broken = verdicts.filter(({ kept }) => !kept);
  if (verdicts.length === 0) return ["Nothing was judged."];
  const kept = keptInWords(verdicts.filter((verdict) => verdict.kept)).map((line) => `  ${paint.good("✓")} ${line}`);
  if (broken.length === 0) {
    return [paint.good(paint.bold(`Every promise was kept (${verdicts.length} of ${verdicts.length}):`)), ...kept];
  }
  return [
    paint.bold("Kept:"),
    ...kept,
    paint.bad(paint.bold(`Not kept: ${broken.length} of ${verdicts.length}`)),
    ...broken.map((verdict) => verdictLine(verdict, paint)),
    ...results.filter(({ verdicts }) => verdicts.some(({ kept }) => !kept)).flatMap(machineWords),
  ];
}

/** Above these, programs that have nothing to do with the lab, or a hypervisor, are likely to have been in its way. */
const BUSY = 0.5;
const STALLED = 0.002;

/** What stood in the way of a phase's promises that is no doing of GONA's; nothing on a machine that had time. */
export function machineWords({ phase, fromMs, toMs, cpuPressure = 0, stalls }: PhaseResult): string[] {
  const stalledMs = coveredMs({ fromMs, toMs }, stalls);
  const longestMs = Math.max(0, ...stalls.map((stall) => (stall.toMs - stall.fromMs) / 2));
  const percent = (part: number): string => `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
  const words = [
    ...(cpuPressure > BUSY ? [`some program waited for a CPU ${percent(cpuPressure)} of the time`] : []),
    ...(stalledMs > STALLED * (toMs - fromMs)
      ? [
          `CPUs stood still, or caught up, ${percent(stalledMs / (toMs - fromMs))} of it, ${longestMs.toFixed(0)} ms at once`,
        ]
      : []),
  ];
  return words.length === 0
    ? []
    : [`During "${phase.title}" ${words.join(", and ")}: the machine may be too busy for this.`];
}

function keptInWords(verdicts: readonly Verdict[]): string[] {
  const of = (...kinds: readonly Verdict["kind"][]) => verdicts.filter(({ kind }) => kinds.includes(kind));
  const lines: string[] = [];
  const rates = of("limit", "rate");
  if (rates.length > 0) {
    const errors = rates.map(({ value, versus }) =>
      versus === undefined || versus.value === 0 ? 0 : value / versus.value - 1,
    );
    const worst = Math.max(...errors.map(Math.abs));
    lines.push(`${plural(rates.length, "slice")} at the limit, ${(worst * 100).toFixed(2)} % off at most`);
  }
  const reserves = of("reserve");
  if (reserves.length > 0) lines.push(`${plural(reserves.length, "reservation")} kept under overload`);
  const gaps = of("gap");
  if (gaps.length > 0) {
    const longest = Math.max(...gaps.map(({ value }) => value));
    lines.push(`longest time without a packet: ${longest.toFixed(2)} ms`);
  }
  for (const figure of ["packets lost", "packets reordered", "packets duplicated"]) {
    const found = of("count").filter((verdict) => verdict.figure === figure);
    if (found.length > 0) lines.push(`${figure}: ${found.reduce((sum, { value }) => sum + value, 0)}`);
  }
  const spreads = of("spread");
  if (spreads.length > 0) {
    const widest = Math.max(...spreads.map(({ value }) => value));
    lines.push(`slices were used evenly, ${(widest * 100).toFixed(1)} % apart at most`);
  }
  if (of("lacp").length > 0) lines.push("LACP said of each NIC what it should");
  if (of("tables").length > 0) lines.push("peers and switches knew the right MACs behind the right NICs");
  if (of("macs").length > 0) lines.push("no switch saw one MAC on two ports");
  if (of("domain").length > 0) lines.push("driver domains worked again by themselves");
  if (of("converged").length > 0) lines.push("the daemon found everything as it should be");
  return lines;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
