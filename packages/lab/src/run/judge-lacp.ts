import type { Expectation } from "../scenario/scenario.ts";
import type { Verdict } from "./verdict.ts";

/** What was said of a NIC's LACP port. */
export interface LacpFinding {
  readonly kept: boolean;
  /** `distributing; the switch: current attached`. */
  readonly said: string;
}

/** The NIC's LACP port stands as it should. */
export function judgeLacp(
  { nic, state, problem }: Extract<Expectation, { kind: "lacp" }>,
  found: LacpFinding | undefined,
): Verdict {
  const kept = found?.kept === true;
  return {
    kind: "lacp",
    kept,
    subject: nic,
    promised: `LACP: ${[state, problem].filter((word) => word !== undefined).join(", ")}`,
    delivered: found?.said ?? "nobody asked",
    figure: "LACP as it should be",
    unit: "yes = 1",
    value: kept ? 1 : 0,
  };
}
