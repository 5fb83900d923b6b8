import { setTimeout as delay } from "node:timers/promises";
import { GonaError } from "@gona/model";
import { SLOWNESS } from "./slowness.ts";

/**
 * Asks again every `everyMs` until the answer is not undefined. Throws SCENARIO_FAILED after
 * `withinMs` (times SLOWNESS), saying what was waited for and, where `why` is given, how things stood.
 */
export async function waitUntil<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  { withinMs: usualMs, everyMs = 20 * SLOWNESS, why }: { withinMs: number; everyMs?: number; why?: () => string },
): Promise<T> {
  const withinMs = usualMs * SLOWNESS;
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= deadline) {
      const reason = why?.() ?? "";
      throw new GonaError("SCENARIO_FAILED", `${what}: not within ${withinMs / 1000} s${reason && `; ${reason}`}`);
    }
    await delay(everyMs);
  }
}
