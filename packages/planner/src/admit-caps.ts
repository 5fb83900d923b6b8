import { type AggregateSpec, bitsPerSecond, formatRate, type HostSpec } from "@gona/model";
import { DIRECTIONS, type Direction } from "./direction.ts";
import { eachVif } from "./each-vif.ts";
import type { Finding } from "./finding.ts";

/** What an aggregate is promised each way while every NIC is up, bit/s: `active-backup` uses one slice at a time. */
export function promisedBy({ slices, balance }: AggregateSpec, direction: Direction): number {
  const reserves = slices.map((slice): number => slice[direction]?.reserve ?? 0);
  return balance === "active-backup" ? Math.max(0, ...reserves) : reserves.reduce((sum, reserve) => sum + reserve, 0);
}

/** What the classes of a guest reserve above what it may send. Where the spec names the slices it was checked with the text. */
function classFindings(spec: HostSpec): readonly Finding[] {
  const findings: Finding[] = [];
  eachVif(spec, ({ aggregate }, place) => {
    if (aggregate.want === undefined || aggregate.classes.length === 0) return;
    const limits = aggregate.slices.reduce((sum, { egress }) => sum + egress.limit, 0);
    const total = Math.min(limits, aggregate.limit?.egress ?? limits);
    let reserved = 0;
    for (const [k, { reserve }] of aggregate.classes.entries()) {
      if (reserve === undefined) continue;
      const left = Math.max(0, total - reserved);
      reserved += reserve.kind === "absolute" ? reserve.rate : total * reserve.ratio;
      if (reserved <= total) continue;
      findings.push({
        code: "SPEC_DOES_NOT_FIT",
        path: `${place()}.aggregate.classes[${k}].reserve`,
        message: `the reservations of the classes are above what the aggregate may send, ${formatRate(bitsPerSecond(total))}`,
        allowed: `at most ${formatRate(bitsPerSecond(left))} is left for this class`,
      });
      break;
    }
  });
  return findings;
}

/** Promises of an aggregate that it cannot keep by itself, whatever the NICs have. */
export const capFindings = (spec: HostSpec): readonly Finding[] => [...sumFindings(spec), ...classFindings(spec)];

/** A cap over all NICs below what the slices reserve. */
function sumFindings(spec: HostSpec): readonly Finding[] {
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
