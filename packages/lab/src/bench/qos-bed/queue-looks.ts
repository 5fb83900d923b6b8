import { setTimeout as delay } from "node:timers/promises";
import { runCommand } from "../../bed/run-command.ts";
import type { QosBed } from "./qos-bed.ts";

interface Qdisc {
  readonly dev: string;
  readonly root?: boolean;
  readonly qlen?: number;
}

/** How often the queues are looked at during a window. */
export const LOOKS = 5;

/**
 * At how many of LOOKS moments of a window packets waited at the root of a link of the hub that `belongs`, for each
 * of them. A queue that was empty at one of them was not filled by its sender: its rate says nothing of a limit.
 */
export async function lookAtQueues(
  bed: QosBed,
  windowMs: number,
  belongs: readonly ((link: string) => boolean)[],
): Promise<readonly number[]> {
  const found = belongs.map(() => 0);
  for (let look = 0; look < LOOKS; look++) {
    await delay(windowMs / (LOOKS + 1));
    const all = JSON.parse(await runCommand("tc", ["-n", bed.hub, "-s", "-j", "qdisc", "show"])) as Qdisc[];
    const full = all.filter(({ root, qlen }) => root === true && (qlen ?? 0) > 0);
    for (const [index, its] of belongs.entries())
      if (full.some(({ dev }) => its(dev))) found[index] = (found[index] ?? 0) + 1;
  }
  return found;
}
