import type { Controller } from "./controller.ts";
import type { Logger } from "./logger.ts";

/** The log's line from which on clients are served. */
export function sayReady(log: Logger, { reconciler }: Controller, socket: string): void {
  const { state, pending } = reconciler.standing;
  const revision = reconciler.target?.revision ?? 0;
  log.info({ pid: process.pid, socket, revision, state, pending: pending.length }, "ready");
}
