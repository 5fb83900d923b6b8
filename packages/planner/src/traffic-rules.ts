import {
  type AggregateSpec,
  type Milliseconds,
  type Nanoseconds,
  nanoseconds,
  type TrafficClassSpec,
} from "@gona/model";
import type { TrafficPart, TrafficRule, TrafficRules } from "./hub-state.ts";

/** Whether the slices of an aggregate have parts, and its frames the class of one. */
export const hasParts = ({ classes, latency }: AggregateSpec, fqCodel: boolean): boolean =>
  classes.length > 0 || (latency !== undefined && !fqCodel);

/** What the BPF programs know of an aggregate: no goal where fq_codel keeps them all. */
export function asMarked(aggregate: AggregateSpec, fqCodel: boolean): AggregateSpec {
  if (!fqCodel || !hasLatencyGoal(aggregate)) return aggregate;
  const { latency: _kept, classes, ...rest } = aggregate;
  return { ...rest, classes: classes.map(({ latency: _alike, ...one }) => one) };
}

/** Whether anything of an aggregate has a virtual queue, which must know the slices' limits. */
export const hasLatencyGoal = ({ classes, latency }: AggregateSpec): boolean =>
  latency !== undefined || classes.some((one) => one.latency !== undefined);

/** Whole microseconds, as the maps hold it. */
export const goalTime = (latency: Milliseconds): Nanoseconds => nanoseconds(Math.round(latency * 1000) * 1000);

/** The goal of a class is its own, or the aggregate's. */
export function classGoal(one: TrafficClassSpec, { latency }: AggregateSpec): Nanoseconds | undefined {
  const goal = one.latency ?? latency;
  return goal === undefined ? undefined : goalTime(goal);
}

/** Classes in the order of the spec are the parts 1 to 5; undefined where there are none. */
export function trafficRules(aggregate: AggregateSpec, vifSlot: number): TrafficRules | undefined {
  const { classes } = aggregate;
  if (classes.length === 0) return undefined;
  return {
    vifSlot,
    rules: classes.flatMap((one, index) => rulesOf(one, index + 1)),
    parts: classes.map((one, index) => partOf(one, index + 1, classGoal(one, aggregate))),
  };
}

/** All but ports is one condition; each range of ports is a rule of its own. */
function rulesOf({ match }: TrafficClassSpec, part: number): readonly TrafficRule[] {
  const { ports, ...rest } = match;
  const rule: TrafficRule = {
    part,
    ...(rest.dscp === undefined ? {} : { dscp: ascending(rest.dscp) }),
    ...(rest.pcp === undefined ? {} : { pcp: ascending(rest.pcp) }),
    ...(rest.protocol === undefined ? {} : { protocol: rest.protocol }),
  };
  return ports === undefined ? [rule] : ports.map(({ from, to }) => ({ ...rule, ports: { from, to } }));
}

/** As a bit set gives them back. */
const ascending = (numbers: readonly number[]): readonly number[] => [...new Set(numbers)].sort((a, b) => a - b);

function partOf({ remark }: TrafficClassSpec, part: number, latency: Nanoseconds | undefined): TrafficPart {
  return {
    part,
    ...(latency === undefined ? {} : { latency }),
    ...(remark?.dscp === undefined ? {} : { remarkDscp: remark.dscp }),
    ...(remark?.pcp === undefined ? {} : { remarkPcp: remark.pcp }),
  };
}
