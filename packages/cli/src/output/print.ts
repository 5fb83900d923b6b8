import type { TextSink } from "../text-sink.ts";
import { painter } from "./style.ts";
import { type Column, renderTable } from "./table.ts";

/** One JSON document, for programs. */
export const printJson = (out: TextSink, value: unknown): void => out.write(`${JSON.stringify(value, null, 2)}\n`);

/** One JSON document in a line of its own, for streams of them. */
export const printJsonLine = (out: TextSink, value: unknown): void => out.write(`${JSON.stringify(value)}\n`);

/** A table that fits the terminal; `nothing` stands for one without rows. */
export function printTable<Row>(
  out: TextSink,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  nothing: string,
): void {
  if (rows.length === 0) out.write(`${nothing}\n`);
  else out.write(renderTable(columns, rows, { width: out.columns, paint: painter(out.colour) }));
}
