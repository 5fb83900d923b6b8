import { type AggregateSpec, bitsPerSecond, formatRate, type HostSpec } from "@gona/model";
import { DIRECTIONS, type Direction } from "./direction.ts";
import { eachVif } from "./each-vif.ts";
import type { Finding } from "./finding.ts";

/** What an aggregate is promised each way while every NIC is up, bit/s: `active-backup` uses one slice at a time. */
export function promisedBy({ slices, balance }: AggregateSpec, direction: Direction): number {
  const reserves = slices.map((slice): number => slice[direction]?.reserve ?? 0);
  return balance === "active-backup" ? Math.max(0, ...reserves) : reserves.reduce((sum, reserve) => sum + reserve, 0);
}

/** A cap over all NICs below what the slices reserve is a promise that cannot be kept. */
export function capFindings(spec: HostSpec): readonly Finding[] {
  const findings: Finding[] = [];
  eachVif(spec, ({ aggregate }, place) => {
    // Of what the planner chose the sum is more than the want, and only the want is promised.
    if (aggregate.limit === undefined || aggregate.want !== undefined) return;
    for (const direction of DIRECTIONS) {
      const cap = aggregate.limit[direction];
      const promised = promisedBy(aggregate, direction);
      if (cap === undefined || promised <= cap) continue;
      const sum = formatRate(bitsPerSecond(promised));
      findings.push({
        code: "SPEC_DOES_NOT_FIT",
        path: `${place()}.aggregate.limit.${direction}`,
        message: `the ${direction} limit over all NICs is below what the slices reserve, ${sum}`,
        found: formatRate(cap),
        allowed: `${sum} or more`,
      });
    }
  });
  return findings;
}
