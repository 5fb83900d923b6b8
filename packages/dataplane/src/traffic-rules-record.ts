import { nanoseconds } from "@gona/model";
import type { TrafficPart, TrafficRule, TrafficRules } from "@gona/planner";
import { type GonaTrafficPart, type GonaTrafficRule, type GonaTrafficRules, gonaTrafficRules, Limit } from "./abi.ts";
import { indexKey, indexOf, type MapEntry } from "./map-keys.ts";

const NS_PER_US = 1000;
const NO_PART: GonaTrafficPart = { goalUs: 0, remarkDscp: Limit.KEEP_MARKING, remarkPcp: Limit.KEEP_MARKING, inUse: 0 };

/** The entry of a vif's rules in gona_traffic_rules. Throws RangeError beyond GONA_MAX_RULES. */
export function encodeTrafficRules({ vifSlot, rules, parts }: TrafficRules): MapEntry {
  const record: GonaTrafficRules = {
    rules: rules.map(toRule),
    parts: Array.from({ length: Limit.MAX_PARTS }, (_, part) => toPart(parts.find((one) => one.part === part))),
    count: rules.length,
  };
  return [indexKey(vifSlot), gonaTrafficRules.encode(record)];
}

export function decodeTrafficRules([key, value]: MapEntry): TrafficRules {
  const { rules, parts, count } = gonaTrafficRules.decode(value);
  return {
    vifSlot: indexOf(key),
    rules: rules.slice(0, count).map(fromRule),
    parts: parts.flatMap((record, part) => (record.inUse === 0 ? [] : [fromPart(part, record)])),
  };
}

const toRule = ({ part, dscp = [], pcp = [], protocol, ports }: TrafficRule): GonaTrafficRule => ({
  dscps: dscp.reduce((bits, point) => bits | (1n << BigInt(point)), 0n),
  portFrom: ports?.from ?? 0,
  portTo: ports?.to ?? 0,
  protocol: protocol === undefined ? 0 : protocol + 1,
  pcps: pcp.reduce((bits, priority) => bits | (1 << priority), 0),
  part,
});

const fromRule = ({ part, dscps, pcps, protocol, portFrom, portTo }: GonaTrafficRule): TrafficRule => ({
  part,
  ...(dscps === 0n ? {} : { dscp: bitsOf(dscps) }),
  ...(pcps === 0 ? {} : { pcp: bitsOf(BigInt(pcps)) }),
  ...(protocol === 0 ? {} : { protocol: protocol - 1 }),
  ...(portFrom === 0 ? {} : { ports: { from: portFrom, to: portTo } }),
});

function toPart(part: TrafficPart | undefined): GonaTrafficPart {
  if (part === undefined) return NO_PART;
  return {
    goalUs: Math.round((part.latency ?? 0) / NS_PER_US),
    remarkDscp: part.remarkDscp ?? Limit.KEEP_MARKING,
    remarkPcp: part.remarkPcp ?? Limit.KEEP_MARKING,
    inUse: 1,
  };
}

const fromPart = (part: number, { goalUs, remarkDscp, remarkPcp }: GonaTrafficPart): TrafficPart => ({
  part,
  ...(goalUs === 0 ? {} : { latency: nanoseconds(goalUs * NS_PER_US) }),
  ...(remarkDscp === Limit.KEEP_MARKING ? {} : { remarkDscp }),
  ...(remarkPcp === Limit.KEEP_MARKING ? {} : { remarkPcp }),
});

/** Places of the bits, ascending. */
function bitsOf(bits: bigint): number[] {
  const places: number[] = [];
  for (let place = 0; place < 64; place++) if ((bits >> BigInt(place)) & 1n) places.push(place);
  return places;
}
