import type { FlowTuple } from "./explain-flow.ts";
import { REST_PART, type TrafficRule, type TrafficRules, type VifEntry } from "./hub-state.ts";

/** Which part of its slices a flow waits in, as far as its tuple tells. */
export interface FlowPart {
  /** Of a frame without marks: no VLAN priority, DSCP 0. */
  readonly part: number;
  /** Parts of rules before that one which ask for marks; a frame with those is theirs. */
  readonly ifMarked: readonly number[];
}

/** The same choice as bpf/lib/part.h makes; undefined where the vif's slices have no parts. */
export function explainPart(
  { parts }: Pick<VifEntry, "parts">,
  rules: TrafficRules | undefined,
  flow: FlowTuple,
): FlowPart | undefined {
  if (!parts) return undefined;
  const matching = (rules?.rules ?? []).filter((rule) => fits(rule, flow));
  const taken = matching.findIndex(isUnmarked);
  const before = taken < 0 ? matching : matching.slice(0, taken);
  return { part: matching[taken]?.part ?? REST_PART, ifMarked: [...new Set(before.map(({ part }) => part))] };
}

/** Protocol and ports, either of them. */
function fits({ protocol, ports }: TrafficRule, flow: FlowTuple): boolean {
  if (protocol !== undefined && protocol !== flow.protocol) return false;
  if (ports === undefined) return true;
  return [flow.sourcePort, flow.destinationPort].some((port) => port >= ports.from && port <= ports.to);
}

const isUnmarked = ({ dscp, pcp }: TrafficRule): boolean => pcp === undefined && (dscp?.includes(0) ?? true);
