/** A line of a chart; y in the chart's unit. */
export interface ChartLine {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly { readonly atMs: number; readonly y: number }[];
  /** Drawn as a dashed level. */
  readonly level?: number;
}

export interface ChartMark {
  readonly atMs: number;
  readonly text: string;
}

export interface ChartOptions {
  readonly fromMs: number;
  readonly toMs: number;
  readonly unit: string;
  /** Shaded alternately, with a title: the phases. */
  readonly spans: readonly { readonly fromMs: number; readonly toMs: number; readonly title: string }[];
  readonly marks: readonly ChartMark[];
  readonly top?: number;
}

const WIDTH = 960;
const HEIGHT = 190;
const LEFT = 64;
const BOTTOM = 26;
const TOP = 20;

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[char] ?? char);

/** A line chart over time as inline SVG. */
export function svgChart(lines: readonly ChartLine[], options: ChartOptions): string {
  const { fromMs, toMs } = options;
  const highest = Math.max(
    options.top ?? 0,
    ...lines.flatMap(({ points, level }) => [...points.map(({ y }) => y), level ?? 0]),
  );
  const top = niceCeiling(highest === 0 ? 1 : highest * 1.05);
  const x = (atMs: number): number => LEFT + ((atMs - fromMs) / Math.max(1, toMs - fromMs)) * (WIDTH - LEFT - 8);
  const y = (value: number): number => TOP + (1 - Math.min(value, top) / top) * (HEIGHT - TOP - BOTTOM);
  const at = (value: number): string => value.toFixed(1);
  const parts = [
    ...options.spans.map(
      (span, index) =>
        `<rect x="${at(x(span.fromMs))}" y="${TOP}" width="${at(x(span.toMs) - x(span.fromMs))}" height="${HEIGHT - TOP - BOTTOM}" class="span${index % 2}"/>` +
        `<text x="${at(x(span.fromMs) + 4)}" y="${TOP - 6}" class="span">${escapeHtml(span.title)}</text>`,
    ),
    ...[0, 0.5, 1].map(
      (part) =>
        `<line x1="${LEFT}" x2="${WIDTH - 8}" y1="${at(y(top * part))}" y2="${at(y(top * part))}" class="grid"/>` +
        `<text x="${LEFT - 6}" y="${at(y(top * part) + 4)}" class="axis" text-anchor="end">${short(top * part)}</text>`,
    ),
    ...seconds(fromMs, toMs).map(
      (second) =>
        `<text x="${at(x(fromMs + second * 1000))}" y="${HEIGHT - 8}" class="axis" text-anchor="middle">${second} s</text>`,
    ),
    ...lines.flatMap(({ level, colour }) =>
      level === undefined
        ? []
        : [
            `<line x1="${LEFT}" x2="${WIDTH - 8}" y1="${at(y(level))}" y2="${at(y(level))}" stroke="${colour}" class="level"/>`,
          ],
    ),
    ...lines.map(
      ({ points, colour, name }) =>
        `<polyline fill="none" stroke="${colour}" stroke-width="1.8" points="${points.map((p) => `${at(x(p.atMs))},${at(y(p.y))}`).join(" ")}"><title>${escapeHtml(name)}</title></polyline>`,
    ),
    ...options.marks.map(
      ({ atMs, text }) =>
        `<line x1="${at(x(atMs))}" x2="${at(x(atMs))}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" class="mark"/><circle cx="${at(x(atMs))}" cy="${TOP}" r="4" class="mark"><title>${escapeHtml(text)}</title></circle>`,
    ),
    `<text x="4" y="${TOP - 6}" class="axis">${escapeHtml(options.unit)}</text>`,
  ];
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${parts.join("")}</svg>`;
}

/** 1, 2, 2.5 or 5 times a power of ten, at least `value`. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10);
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

function seconds(fromMs: number, toMs: number): number[] {
  const total = Math.floor((toMs - fromMs) / 1000);
  const step = [1, 2, 5, 10, 20, 30, 60, 120, 300].find((candidate) => total / candidate <= 14) ?? 600;
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, index) => index * step);
}
