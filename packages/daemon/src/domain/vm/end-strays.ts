import { setTimeout as delay } from "node:timers/promises";
import { processesNaming } from "@gona/kernel";

/** One that the kernel holds dies later, and then its taps are free. */
const GONE_MS = 5000;

/** Ends machines that a daemon started and did not live to note: they hold the taps. */
export async function endStrays(controlSocket: string): Promise<void> {
  for (const stray of processesNaming(controlSocket)) {
    using _ = stray;
    stray.kill("SIGKILL");
    await Promise.race([stray.exited, delay(GONE_MS)]);
  }
}
