import { formatRate, TRUNK_END_PREFIX, TRUNK_PREFIX } from "@gona/model";
import { RATE_FLOOR } from "./htb-shape.ts";
import {
  type ClassShape,
  type FacetValue,
  type Leaf,
  REST_PART,
  type SlicePart,
  SPARSE_PART,
  type TrafficPart,
  type TrafficRule,
} from "./hub-state.ts";
import type { Members } from "./step-words.ts";

/** A tree by what passes it: `eth1`, or what a spine's name stands for. */
export function treeWords(link: string): string {
  if (link === "gq-cap") return "all that capped guests send";
  if (link === "gq-local") return "what guests send to one another";
  const nic = comesInBy(link);
  return nic === undefined ? standsFor(link) : `what comes in by ${nic}`;
}

/** A vif's class in a tree. */
export function sliceWords(link: string, vif: string): string {
  if (link === "gq-cap") return `limit of ${vif} over all NICs`;
  if (link === "gq-local") return `limit of ${vif} to local guests`;
  const nic = comesInBy(link);
  return nic === undefined ? `slice ${vif} on ${standsFor(link)}` : `slice ${vif} in by ${nic}`;
}

/** The NIC whose ingress tree stands on a link. */
const comesInBy = (link: string): string | undefined =>
  ["gq-in-", TRUNK_END_PREFIX].flatMap((prefix) => (link.startsWith(prefix) ? [link.slice(prefix.length)] : []))[0];
/** The NIC that a trunk stands for. */
const standsFor = (link: string): string => (link.startsWith(TRUNK_PREFIX) ? link.slice(TRUNK_PREFIX.length) : link);

export function treeMembers(tree: FacetValue<"trees">): Members {
  if (tree.timed) return { "(times)": "departure times (fq)" };
  const { rate, host } = tree;
  return {
    capacity: formatRate(rate),
    // On a NIC alone has the default class an owner to whom anything is assured.
    ...(host.rate <= RATE_FLOOR ? {} : { "host's rate": formatRate(host.rate) }),
    ...(host.ceil >= rate ? {} : { "host's limit": formatRate(host.ceil) }),
    ...beyond(host),
    ...leafMembers(host.leaf),
  };
}

export function sliceMembers({ leaf, parts, pace, ...htb }: FacetValue<"slices">): Members {
  return {
    rate: formatRate(htb.rate),
    limit: formatRate(htb.ceil),
    quantum: `${htb.quantum} bytes`,
    priority: String(htb.priority),
    burst: `${htb.burst / 1e6} ms`,
    "limit's burst": `${htb.ceilBurst / 1e6} ms`,
    ...(pace === undefined ? {} : { paced: `${formatRate(pace.rate)} in ${pace.burst / 1e6} ms` }),
    ...beyond(htb),
    ...(leaf === null ? {} : leafMembers(leaf)),
    ...partMembers(parts),
  };
}

export const rulesMembers = ({ rules, parts }: FacetValue<"trafficRules">): Members => {
  const told = parts.map((part) => {
    const matches = rules.filter((rule) => rule.part === part.part).map(ruleWords);
    return [partName(part.part), `${matches.join(" or ")}${fateWords(part)}`] as const;
  });
  return Object.fromEntries(told);
};

/** Lanes are alike. */
function partMembers(parts: readonly SlicePart[]): Members {
  const lanes = parts.filter(({ part }) => part > REST_PART).length;
  const words = (part: SlicePart) =>
    partWords(part) + (part.part === REST_PART && lanes > 0 ? ` in ${lanes + 1} lanes` : "");
  return Object.fromEntries(
    parts.filter(({ part }) => part <= REST_PART).map((part) => [partName(part.part), words(part)]),
  );
}

const beyond = ({ overhead, offload }: Partial<ClassShape>): Members => ({
  ...(overhead === undefined ? {} : { overhead: `${overhead} bytes a frame` }),
  ...(offload === undefined ? {} : { "(offload)": "carried out by the NIC" }),
});

const leafMembers = (leaf: Leaf): Members => ({ queue: leafWords(leaf) });
const leafWords = ({ kind, limit, codel }: Leaf): string =>
  `${limit} bytes (${kind}${codel === undefined ? "" : `, fq_codel ${ms(codel.target)} in ${ms(codel.interval)}`})`;
const ms = (time: number): string => `${Number((time / 1e6).toFixed(2))} ms`;

const NAMES = new Map([
  [SPARSE_PART, "sparse flows"],
  [REST_PART, "rest"],
]);
/** Names of classes stand in the spec alone; the first is 1. */
const partName = (part: number): string => NAMES.get(part) ?? `class ${part}`;

const partWords = ({ rate, ceil, quantum, leaf }: SlicePart): string =>
  `${formatRate(rate)} to ${formatRate(ceil)} (quantum ${quantum} bytes, queue ${leafWords(leaf)})`;

function ruleWords({ dscp, pcp, protocol, ports }: TrafficRule): string {
  const port = ports && (ports.from === ports.to ? `port ${ports.from}` : `ports ${ports.from}-${ports.to}`);
  const words = [
    dscp && `DSCP ${dscp.join("/")}`,
    pcp && `PCP ${pcp.join("/")}`,
    protocol === undefined ? undefined : `protocol ${protocol}`,
    port,
  ];
  return words.filter((word) => word !== undefined).join(" ");
}

function fateWords({ latency, remarkDscp, remarkPcp }: TrafficPart): string {
  return [
    latency === undefined ? "" : ` within ${latency / 1e6} ms`,
    remarkDscp === undefined ? "" : ` leaves with DSCP ${remarkDscp}`,
    remarkPcp === undefined ? "" : ` leaves with PCP ${remarkPcp}`,
  ].join("");
}
