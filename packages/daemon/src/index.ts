export type { DaemonOptions } from "./daemon-options.ts";
export { LOG_LEVELS, type LogLevel } from "./logger.ts";
export { runDaemon } from "./run-daemon.ts";
