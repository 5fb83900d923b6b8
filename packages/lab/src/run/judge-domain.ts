import type { DomainView } from "@gona/api";
import type { Expectation } from "../scenario/scenario.ts";
import type { Verdict } from "./verdict.ts";

/** A driver domain works, and was restarted as often as promised, where that was promised. */
export function judgeDomain(
  { domain, restarts }: Extract<Expectation, { kind: "domain" }>,
  found: DomainView | undefined,
): Verdict {
  const up = found?.state === "up";
  return {
    kind: "domain",
    kept: up && (restarts === undefined || found.restarts === restarts),
    subject: domain,
    promised: restarts === undefined ? "up" : `up, restarts: ${restarts}`,
    delivered: found === undefined ? "not there" : domainWords(found),
    figure: "restarts of a domain that is up",
    unit: "restarts",
    value: up ? found.restarts : -1,
  };
}

const domainWords = ({ state, restarts, cause }: DomainView): string =>
  `${state}, restarts: ${restarts}${cause === null ? "" : ` (${cause})`}`;
