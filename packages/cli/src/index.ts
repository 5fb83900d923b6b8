export type { CliContext, ExitCode } from "./cli-context.ts";
export type { DaemonOptions, DoctorOptions, EntryPoints } from "./entry-points.ts";
export * from "./output/quantities.ts";
export { type Painter, painter, type Style, styleOfState } from "./output/style.ts";
export * from "./output/table.ts";
export { runCli } from "./run-cli.ts";
export type { TextSink } from "./text-sink.ts";
