import type { ProcessFacts } from "@gona/kernel";

/** What an agent that does not answer seems to be doing. */
export type Silence =
  /** It will not answer: stopped, in an endless loop, or asleep with a request before it. */
  | "hung"
  /** It had no turn, or it waits in the kernel where no signal reaches it: a new one would be no better off. */
  | "waits"
  | "gone";

/** A process that had so much time on a CPU could have answered. */
const FAIR_TURN_TICKS = 20;

/**
 * Tells an agent that hangs from one that a busy machine keeps from answering. `then`: when it was last heard. On a
 * machine at load 20 a process may wait for its turn longer than the heartbeat lasts.
 */
export function judgeSilence(then: ProcessFacts | undefined, now: ProcessFacts | undefined): Silence {
  if (now === undefined || now.state === "Z" || now.state === "X") return "gone";
  if (now.state === "D") return "waits";
  if (now.state === "R" && then !== undefined && now.cpuTicks - then.cpuTicks < FAIR_TURN_TICKS) return "waits";
  return "hung";
}
