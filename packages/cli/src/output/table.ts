import type { Painter, Style } from "./style.ts";

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly align?: "right";
  readonly style?: (row: Row) => Style | undefined;
  /** May be cut to this width where the terminal is narrow. */
  readonly least?: number;
  /** Left out where the terminal is narrow, the highest first. */
  readonly dispensable?: number;
  /** Left out where no row has a text for it. */
  readonly rare?: true;
}

const GAP = "  ";

/** Code points: names and numbers here have no wide characters that matter. */
const widthOf = (text: string): number => Array.from(text).length;

const cut = (text: string, width: number): string =>
  widthOf(text) <= width
    ? text
    : `${Array.from(text)
        .slice(0, Math.max(0, width - 1))
        .join("")}…`;

interface Laid<Row> {
  readonly column: Column<Row>;
  readonly cells: readonly string[];
  width: number;
}

const total = (columns: readonly Laid<never>[] | readonly { width: number }[]): number =>
  columns.reduce((sum, { width }) => sum + width, 0) + GAP.length * Math.max(0, columns.length - 1);

/** Drops and cuts columns until they fit, or nothing more can be done. */
function fit<Row>(columns: readonly Laid<Row>[], width: number): readonly Laid<Row>[] {
  let kept = columns;
  const cuttable = () => kept.filter(({ column, width: now }) => now > (column.least ?? now));
  for (let over = total(kept) - width; over > 0; over = total(kept) - width) {
    // Cutting a text that is much too long costs less than losing a column.
    const room = cuttable().reduce((sum, { column, width: now }) => sum + now - (column.least ?? now), 0);
    const drop = kept.reduce<Laid<Row> | undefined>(
      (most, each) => ((each.column.dispensable ?? 0) > (most?.column.dispensable ?? 0) ? each : most),
      undefined,
    );
    if (room < over && drop !== undefined) {
      kept = kept.filter((each) => each !== drop);
      continue;
    }
    const widest = cuttable().toSorted((a, b) => b.width - a.width)[0];
    if (widest === undefined) break;
    widest.width--;
  }
  return kept;
}

/** Lines of a table, title first; without `width` nothing is cut. Cells without text show `-`. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paint }: { readonly width: number | undefined; readonly paint: Painter },
): string {
  const shown = columns.filter(({ rare, text }) => rare !== true || rows.some((row) => text(row) !== ""));
  const laid = shown.map((column): Laid<Row> => {
    const cells = rows.map((row) => column.text(row) || "-");
    return { column, cells, width: Math.max(...[column.title, ...cells].map(widthOf)) };
  });
  const kept = width === undefined ? laid : fit(laid, width);
  const line = (texts: readonly { text: string; laid: Laid<Row>; style: Style | undefined }[]): string =>
    texts
      .map(({ text, laid: { column, width: wide }, style }, i) => {
        const cell = cut(text, wide);
        const fill = " ".repeat(wide - widthOf(cell));
        const last = i === texts.length - 1;
        return column.align === "right" ? fill + paint(cell, style) : paint(cell, style) + (last ? "" : fill);
      })
      .join(GAP)
      .trimEnd();
  const header = line(kept.map((each) => ({ text: each.column.title, laid: each, style: "dim" as const })));
  const body = rows.map((row, i) =>
    line(kept.map((each) => ({ text: each.cells[i] ?? "-", laid: each, style: each.column.style?.(row) }))),
  );
  return `${[header, ...body].join("\n")}\n`;
}
