import { formatDuration, readDuration } from "../scalar/duration.ts";
import { formatRate } from "../scalar/rate.ts";
import { type RateOrPart, readRateOrPart, resolveRate } from "../scalar/share-of-rate.ts";
import { PROTOCOLS_WITH_PORTS, readProtocol } from "../scalar/traffic-words.ts";
import { type BitsPerSecond, bitsPerSecond, bytes, minRate, sumRates, timeToSend } from "../units.ts";
import { checkRates } from "./check-rates.ts";
import { field, isMap, isPresent, items, type Raw, textOf } from "./raw.ts";
import type { SpecProblem } from "./spec-problem.ts";
import { LATENCY_MS } from "./spec-schema.ts";
import { Unique } from "./unique.ts";

/** An Ethernet frame of 1500 bytes payload: nothing waits less than one of these takes. */
const FRAME = bytes(1514);

function checkMatch(match: Raw, problems: SpecProblem[]): void {
  if (isMap(match.value) && Object.keys(match.value).length === 0) {
    problems.push({
      code: "SPEC_INVALID",
      path: match.path,
      message: "the match is empty",
      allowed: "at least one of dscp, pcp, protocol, ports",
    });
  }
  const protocol = readProtocol(field(match, "protocol").value);
  if (isPresent(field(match, "ports")) && protocol.ok && !PROTOCOLS_WITH_PORTS.has(protocol.value)) {
    problems.push({
      code: "SPEC_INVALID",
      path: field(match, "ports").path,
      message: "this protocol has no ports",
      allowed: "ports with tcp, udp, sctp, dccp or udplite, or without protocol",
    });
  }
}

function checkRemark(remark: Raw, problems: SpecProblem[]): void {
  if (!isMap(remark.value) || Object.keys(remark.value).length > 0) return;
  problems.push({
    code: "SPEC_INVALID",
    path: remark.path,
    message: "the remark is empty",
    allowed: "at least one of dscp, pcp",
  });
}

/** A goal shorter than one frame takes at `limit` cannot be kept by anything. */
function checkLatency(latency: Raw, limit: BitsPerSecond | undefined, problems: SpecProblem[]): void {
  if (!isPresent(latency) || limit === undefined || limit === 0) return;
  const goal = readDuration(latency.value, LATENCY_MS.low, LATENCY_MS.high);
  const frameMs = timeToSend(FRAME, limit) / 1e6;
  if (!goal.ok || goal.value >= frameMs) return;
  problems.push({
    code: "SPEC_INVALID",
    path: latency.path,
    message: `the latency goal ${formatDuration(goal.value)} is shorter than one frame takes at ${formatRate(limit)}`,
    allowed: `${formatDuration(Number(frameMs.toPrecision(3)))} or more`,
  });
}

/** What the aggregate may send at most, all slices together; undefined where a part of it is not known. */
export interface AggregateRates {
  readonly total: BitsPerSecond | undefined;
  /** Of the slowest slice. */
  readonly least: BitsPerSecond | undefined;
}

/** From the egress limits of the slices, or of `want`, and the cap over all of them. */
export function aggregateRates(limits: readonly (BitsPerSecond | undefined)[], cap?: BitsPerSecond): AggregateRates {
  const known = limits.filter((limit) => limit !== undefined);
  if (known.length === 0 || known.length < limits.length) return { total: cap, least: undefined };
  const total = sumRates(known.map((limit) => bitsPerSecond(Math.min(limit, 1e12 / known.length))));
  return { total: cap === undefined ? total : minRate(total, cap), least: known.reduce(minRate) };
}

const rateOf = (raw: Raw): RateOrPart | undefined => {
  if (!isPresent(raw)) return undefined;
  const read = readRateOrPart(raw.value, "");
  return read.ok ? read.value : undefined;
};

/** Checks the latency goal and the classes of an aggregate. */
export function checkClasses(aggregate: Raw, { total, least }: AggregateRates, problems: SpecProblem[]): void {
  checkLatency(field(aggregate, "latency"), least, problems);
  const names = new Unique("the name of the class", problems);
  let reserved = 0;
  let overbooked = false;
  for (const each of items(field(aggregate, "classes"))) {
    const name = field(each, "name");
    const text = textOf(name);
    if (text !== undefined) names.claim(text, name);
    checkRates(each, total, "what the aggregate may send", problems);
    checkMatch(field(each, "match"), problems);
    checkRemark(field(each, "remark"), problems);
    const limit = rateOf(field(each, "limit"));
    const slowest = limit?.kind === "part" && least !== undefined ? resolveRate(limit, least) : least;
    checkLatency(field(each, "latency"), slowest, problems);
    const reserve = rateOf(field(each, "reserve"));
    if (reserve === undefined || total === undefined) continue;
    const left = Math.max(0, total - reserved);
    const own = resolveRate(reserve, total);
    reserved += own;
    if (reserved <= total || overbooked || own > total) continue;
    overbooked = true; // one error names the first class too many
    problems.push({
      code: "SPEC_DOES_NOT_FIT",
      path: field(each, "reserve").path,
      message: `the reservations of the classes add up to ${formatRate(bitsPerSecond(Math.min(reserved, 1e12)))}, but the aggregate may send ${formatRate(total)}`,
      allowed: `at most ${formatRate(bitsPerSecond(left))} is left for this class`,
    });
  }
}
