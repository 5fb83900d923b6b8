import { notifyManager } from "@gona/kernel";
import type { Logger } from "./logger.ts";

/** Tells systemd how the daemon stands, where it asked (`Type=notify`). The daemon runs on without it. */
export function tellManager(state: "READY=1" | "STOPPING=1", log: Logger): void {
  try {
    notifyManager(state);
  } catch (error) {
    log.warn({ err: error }, "the service manager could not be told");
  }
}
