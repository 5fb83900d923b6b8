import type { DomainView } from "@gona/api";
import { type BitsPerSecond, type DomainId, formatRate, type GuestId, type HostSpec } from "@gona/model";
import type { MacSighting } from "../bed/far-end-records.ts";
import type { Expectation, SliceName } from "../scenario/scenario.ts";
import type { RttWindow } from "../traffic/probe-messages.ts";
import { judgeDomain } from "./judge-domain.ts";
import { judgeLacp, type LacpFinding } from "./judge-lacp.ts";
import { judgeProbe, type ProbeEvidence } from "./judge-probe.ts";
import { judgeSpread } from "./judge-spread.ts";
import { judgeTables, type TablesFinding } from "./judge-tables.ts";
import { judgeRoundTrip, judgeTotal } from "./judge-whole.ts";
import { promiseOf } from "./promise.ts";

/** A promise, what came of it, and whether it was kept. */
export interface Verdict {
  readonly kind:
    | "limit"
    | "reserve"
    | "rate"
    | "spread"
    | "gap"
    | "count"
    | "macs"
    | "tables"
    | "lacp"
    | "converged"
    | "domain"
    | "roundTrip";
  readonly kept: boolean;
  /** `shop on eth1`. */
  readonly subject: string;
  readonly promised: string;
  readonly delivered: string;
  /** For the JSON row. */
  readonly figure: string;
  readonly unit: string;
  readonly value: number;
  readonly versus?: { readonly name: string; readonly value: number };
}

/** What a phase left behind for judging; pure data. */
export interface Evidence {
  readonly host: HostSpec;
  /** At the far end, after the phase had settled; egress unless told otherwise. */
  readonly rate: (slice: SliceName, direction?: "egress" | "ingress") => BitsPerSecond;
  /** Part of the time in which rates were read that CPUs stood still for longer than shapers save up; 0 to 1, none unless given. */
  readonly stalled?: number;
  /** Over all NICs of a guest; what it gets, at its own link. */
  readonly total: (guest: GuestId, direction: "egress" | "ingress") => BitsPerSecond;
  /** The last word of an rtt traffic. */
  readonly roundTrip: (name: string) => RttWindow | undefined;
  /** Windows of the phase, and the totals before it. */
  readonly probe: (name: string) => ProbeEvidence | undefined;
  /** MACs seen on the switches' ports during the phase. */
  readonly macs: readonly (MacSighting & { readonly fabric: string })[];
  /** What a NIC's LACP port and its switch said; undefined where nobody asked. */
  readonly lacp: (asked: Extract<Expectation, { kind: "lacp" }>) => LacpFinding | undefined;
  /** What peers and switches knew of a guest; undefined where nobody looked. */
  readonly tables: (asked: Extract<Expectation, { kind: "tables" }>) => TablesFinding | undefined;
  /** How a driver domain was when the phase ended. */
  readonly domain: (name: DomainId) => DomainView | undefined;
  readonly converged: boolean;
}

const percent = (ratio: number): string => `${ratio >= 0 ? "+" : "−"}${Math.abs(ratio * 100).toFixed(2)} %`;
const tolerance = (within: number): string => `${Number((within * 100).toPrecision(3))} %`;

export function judge(expectation: Expectation, evidence: Evidence): readonly Verdict[] {
  switch (expectation.kind) {
    case "limit":
    case "reserve":
    case "rate":
      return [judgeRate(expectation, evidence)];
    case "total":
      return [judgeTotal(expectation, evidence.total(expectation.guest, expectation.direction))];
    case "spread":
      return [judgeSpread(expectation, evidence)];
    case "tables":
      return [judgeTables(expectation, evidence.tables(expectation))];
    case "lacp":
      return [judgeLacp(expectation, evidence.lacp(expectation))];
    case "roundTrip":
      return [judgeRoundTrip(expectation, evidence.roundTrip(expectation.probe))];
    case "probe":
      return judgeProbe(expectation, evidence.probe(expectation.probe));
    case "stableMacs":
      return [judgeMacs(evidence)];
    case "domain":
      return [judgeDomain(expectation, evidence.domain(expectation.domain))];
    case "converged":
      return [
        {
          kind: "converged",
          kept: evidence.converged,
          subject: "daemon",
          promised: "converged",
          delivered: evidence.converged ? "converged" : "not converged",
          figure: "converged",
          unit: "yes = 1",
          value: evidence.converged ? 1 : 0,
        },
      ];
  }
}

const STRAY_BITS_PER_SECOND = 10_000;

function judgeRate(
  expectation: Extract<Expectation, { slice: SliceName }>,
  { host, rate, stalled = 0 }: Evidence,
): Verdict {
  const { slice, within, kind } = expectation;
  const promise = promiseOf(host, slice);
  const wanted = kind === "rate" ? expectation.rate : kind === "limit" ? promise?.limit : promise?.reserve;
  const found = rate(slice);
  const target = wanted ?? 0;
  // Of nothing there is no percentage: then a stray ARP or ND may pass, and no more.
  const error = target === 0 ? found / STRAY_BITS_PER_SECOND - 1 : found / target - 1;
  // Upwards nothing is forgiven; downwards the time in which nobody could send.
  const enough = error + within + stalled >= 0;
  const short = error + within < 0 && enough;
  const words = { limit: "limit", reserve: "at least", rate: "rate" }[kind];
  return {
    kind,
    kept: wanted !== undefined && (kind === "reserve" ? enough : target === 0 ? error <= 0 : error <= within && enough),
    subject: `${slice.guest} on ${slice.nic}`,
    promised:
      wanted === undefined
        ? `no such slice`
        : `${words} ${formatRate(wanted)}/s ${kind === "reserve" ? "" : `± ${tolerance(within)}`}`.trim(),
    delivered:
      `${formatMegabits(found)} ${(kind === "reserve" && error > within) || target === 0 ? "" : `(${percent(error)}${short ? `, the machine itself stood still ${tolerance(stalled)}` : ""})`}`.trim(),
    figure: kind === "reserve" ? "delivered under overload" : "delivered",
    unit: "bit/s",
    value: found,
    versus: { name: kind, value: target },
  };
}

/** `99.98 Mbit/s`: one unit for a whole table, so that its numbers compare at a glance. */
export const formatMegabits = (rate: number): string =>
  `${(rate / 1e6).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })} Mbit/s`;

function judgeMacs({ macs }: Evidence): Verdict {
  const ports = new Map<string, Set<number>>();
  for (const { fabric, vlan, mac, port } of macs) {
    const key = `${mac} on ${fabric}${vlan === 0 ? "" : ` VLAN ${vlan}`}`;
    ports.set(key, (ports.get(key) ?? new Set()).add(port));
  }
  const flapping = [...ports].filter(([, seen]) => seen.size > 1).map(([key]) => key);
  return {
    kind: "macs",
    kept: flapping.length === 0 && ports.size > 0,
    subject: "switches",
    promised: "no MAC on two ports",
    delivered: flapping.length === 0 ? `${ports.size} MACs, each on one port` : `on two ports: ${flapping.join(", ")}`,
    figure: "MACs on two ports",
    unit: "MACs",
    value: flapping.length,
    versus: { name: "most allowed", value: 0 },
  };
}
