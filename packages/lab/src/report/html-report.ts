import { formatRate } from "@gona/model";
import type { FarEndBook } from "../run/far-end-book.ts";
import { slicesOf } from "../run/far-end-book.ts";
import { allKept } from "../run/lab-text.ts";
import type { PhaseResult } from "../run/lab-view.ts";
import { promiseOf } from "../run/promise.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { TrafficRecord } from "../traffic/running-traffic.ts";
import { type ChartOptions, escapeHtml, svgChart } from "./svg-chart.ts";

export interface ReportInput {
  readonly scenario: Scenario;
  readonly results: readonly PhaseResult[];
  readonly book: FarEndBook;
  readonly records: readonly TrafficRecord[];
  /** For the head of the page: kernel, date. */
  readonly machine: string;
}

const COLOURS = ["#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#0891b2", "#65a30d", "#dc2626"];
const STEP_MS = 400;

const STYLE = `
:root{color-scheme:light dark;--ink:#1f2933;--soft:#64748b;--line:#e2e8f0;--paper:#fff;--good:#15803d;--bad:#b91c1c;--tint:#f1f5f9}
@media(prefers-color-scheme:dark){:root{--ink:#e5e7eb;--soft:#94a3b8;--line:#334155;--paper:#0f172a;--good:#4ade80;--bad:#f87171;--tint:#1e293b}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:.2rem}h2{margin-top:2.2rem;border-bottom:1px solid var(--line);padding-bottom:.3rem}
.soft{color:var(--soft)}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n{font-variant-numeric:tabular-nums}.kept{color:var(--good)}.broken{color:var(--bad);font-weight:600}
.verdict{display:inline-block;padding:.35rem .8rem;border-radius:.4rem;background:var(--tint);font-weight:600}
svg{width:100%;height:auto;font:11px system-ui,sans-serif}svg .grid{stroke:var(--line)}svg .axis{fill:var(--soft)}svg text.span{fill:var(--soft);font-weight:600}
svg .span0{fill:none}svg .span1{fill:var(--tint)}svg .level{stroke-dasharray:5 4;opacity:.7}svg line.mark{stroke:var(--bad);stroke-dasharray:2 3}svg circle.mark{fill:var(--bad)}
.key span{margin-right:1.2rem;white-space:nowrap}.key i{display:inline-block;width:1.2rem;height:.25rem;border-radius:2px;margin-right:.35rem;vertical-align:middle}`;

/** One file that needs nothing else: what was promised, what was delivered, and rates over time. */
export function htmlReport({ scenario, results, book, records, machine }: ReportInput): string {
  const kept = allKept(results);
  const count = results.flatMap(({ verdicts }) => verdicts).length;
  const options = (unit: string): ChartOptions => ({
    unit,
    fromMs: results[0]?.fromMs ?? 0,
    toMs: results.at(-1)?.toMs ?? 1,
    spans: results.map(({ fromMs, toMs, phase }) => ({ fromMs, toMs, title: phase.title })),
    marks: results.flatMap(({ happenings }) => happenings),
  });
  const body = [
    `<h1>${escapeHtml(scenario.title)}</h1><p class="soft">GONA lab, scenario ${escapeHtml(scenario.name)}, ${escapeHtml(machine)}</p>`,
    `<p>${escapeHtml(scenario.about)}</p>`,
    `<p class="verdict ${kept ? "kept" : "broken"}">${kept ? `Every promise was kept (${count})` : "Not every promise was kept"}</p>`,
    "<h2>Promised and delivered</h2>",
    "<p class=soft>Rates are L2 bytes counted at the switch's end of each NIC's cable, not GONA's own books.</p>",
    ...results.map(phaseTable),
    "<h2>Rates over time</h2><p class=soft>One chart for each NIC; dashed: the limit. Red dots: what happened (hover).</p>",
    ...nicCharts(scenario, book, options("Mbit/s")),
    ...probeCharts(records, options("ms")),
  ];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(scenario.title)}</title><style>${STYLE}</style>${body.join("\n")}</html>\n`;
}

function phaseTable({ phase, verdicts, happenings, fromMs }: PhaseResult): string {
  const events = happenings.map(({ atMs, text }) => `${((atMs - fromMs) / 1000).toFixed(1)} s: ${text}`);
  const rows = verdicts.map(
    ({ kept, subject, promised, delivered }) =>
      `<tr><td class="${kept ? "kept" : "broken"}">${kept ? "✓" : "✗"}</td><td>${escapeHtml(subject)}</td><td>${escapeHtml(promised)}</td><td class=n>${escapeHtml(delivered)}</td></tr>`,
  );
  return (
    `<h3>${escapeHtml(phase.title)}</h3><p>${escapeHtml(phase.say)}</p>` +
    (events.length === 0 ? "" : `<p class=soft>${escapeHtml(events.join("; "))}</p>`) +
    `<table><tr><th></th><th></th><th>promised</th><th>delivered</th></tr>${rows.join("")}</table>`
  );
}

function nicCharts(scenario: Scenario, book: FarEndBook, options: ChartOptions): string[] {
  const { host } = scenario.spec;
  return host.nics.map(({ name, capacity, fabric }) => {
    const slices = slicesOf(host).filter(({ nic }) => nic === name);
    const lines = slices.map((slice, index) => ({
      name: slice.guest,
      colour: COLOURS[index % COLOURS.length] as string,
      points: book.series(slice, "egress", STEP_MS).map(({ atMs, rate }) => ({ atMs, y: rate / 1e6 })),
      level: (promiseOf(host, slice)?.limit ?? 0) / 1e6,
    }));
    const key = lines.map(
      ({ name: guest, colour }) => `<span><i style="background:${colour}"></i>${escapeHtml(guest)}</span>`,
    );
    return `<h3>${escapeHtml(name)} <span class=soft>${formatRate(capacity)}/s, fabric ${escapeHtml(fabric)}</span></h3><p class=key>${key.join("")}</p>${svgChart(lines, options)}`;
  });
}

function probeCharts(records: readonly TrafficRecord[], options: ChartOptions): string[] {
  const probes = [...new Set(records.filter(({ sequence }) => sequence.length > 0).map(({ traffic }) => traffic.name))];
  return probes.map((probe, index) => {
    const windows = records.filter(({ traffic }) => traffic.name === probe).flatMap(({ sequence }) => sequence);
    const points = windows.map(({ atMs, gapMs }) => ({
      atMs,
      y: gapMs,
    }));
    const lines = [{ name: probe, colour: COLOURS[index % COLOURS.length] as string, points }];
    return `<h3>${escapeHtml(probe)} <span class=soft>longest time without a packet, each 100 ms</span></h3>${svgChart(lines, { ...options, top: 5 })}`;
  });
}
