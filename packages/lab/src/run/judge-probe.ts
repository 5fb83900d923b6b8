import type { Expectation } from "../scenario/scenario.ts";
import type { SequenceWindow } from "../traffic/probe-messages.ts";
import { coveredMs, type Span } from "./span.ts";
import type { Verdict } from "./verdict.ts";

export interface ProbeEvidence {
  /** When the phase began, milliseconds since 1970. */
  readonly fromMs: number;
  readonly before?: SequenceWindow;
  readonly windows: readonly SequenceWindow[];
  readonly perSecond: number;
  /** When a CPU of the machine stood still (machine-stalls.ts). */
  readonly stalls: readonly Span[];
}

/** A few milliseconds are how lazily the receiver reads. */
export const OPEN_SILENCE_MS = 50;
/** What a window tells apart (sequence-account.ts). */
const LONG_MS = 1;

/**
 * The longest time of a window in which nothing came although the sender sent and every CPU could run, milliseconds:
 * whether a packet waits for its sender, for the softirq that carries it or for the receiver's, no data path can
 * carry it on a CPU that the hypervisor holds.
 */
export function quietMs({ gapMs, quiet }: SequenceWindow, stalls: readonly Span[]): number {
  const nets = quiet.map((time) => {
    const pause = { fromMs: time.pauseFromMs, toMs: time.pauseToMs };
    return time.toMs - time.fromMs - coveredMs(time, [pause, ...stalls]);
  });
  return Math.max(Math.min(gapMs, LONG_MS), ...nets);
}

/**
 * A silence that has not ended at the last window, milliseconds. (What a silence that ended was worth
 * is in the gap of a later window, with the sender's own pauses taken off.)
 */
function openSilence({ silenceMs, atMs }: SequenceWindow, stalls: readonly Span[]): number {
  const net = silenceMs - coveredMs({ fromMs: atMs - silenceMs, toMs: atMs }, stalls);
  return net > OPEN_SILENCE_MS ? net : 0;
}

/** Of a stream of numbered datagrams: the longest time without one, and what became of them. */
export function judgeProbe(
  expectation: Extract<Expectation, { kind: "probe" }>,
  found: ProbeEvidence | undefined,
): readonly Verdict[] {
  const { probe, gap } = expectation;
  const last = found?.windows.at(-1);
  const grown = (key: "received" | "lost" | "reordered" | "duplicated"): number =>
    (last?.[key] ?? 0) - (found?.before?.[key] ?? 0);
  const verdicts: Verdict[] = [];
  if (gap !== undefined) verdicts.push(judgeGap(probe, gap, grown("received") > 0 ? found : undefined));
  for (const key of ["lost", "reordered", "duplicated"] as const) {
    const most = expectation[key];
    if (most === undefined) continue;
    // What is sent into a silence is lost, though no later number has told so yet.
    const open = key === "lost" && last !== undefined ? openSilence(last, found?.stalls ?? []) : 0;
    const all = grown(key) + Math.round((open / 1000) * (found?.perSecond ?? 0));
    const excused = key === "lost" && most > 0 && found !== undefined ? lostToStalls(found) : 0;
    const value = Math.max(0, all - excused);
    verdicts.push({
      kind: "count",
      kept: last !== undefined && value <= most,
      subject: probe,
      promised: most === 0 ? `none ${key}` : `at most ${most} ${key}`,
      delivered:
        last === undefined
          ? "nothing came"
          : `${value} ${key} of ${(grown("received") + grown("lost")).toLocaleString("en")}` +
            (value < all && all > most ? ` (${all} where the machine itself stood still)` : ""),
      figure: `packets ${key}`,
      unit: "packets",
      value,
      versus: { name: "most allowed", value: most },
    });
  }
  return verdicts;
}

/**
 * Of what was lost, what the machine may have cost: no more than was sent in those of its stalls that fall into the
 * window of the loss. Where a promise allows some loss, it is for the time that a cut cable takes to be seen, and a
 * CPU that stands still in that time makes it longer. Where none is allowed, a stall is no reason for any.
 */
function lostToStalls({ before, windows, perSecond, stalls }: ProbeEvidence): number {
  let [lost, untilMs, excused] = [before?.lost ?? 0, before?.atMs ?? 0, 0];
  for (const window of windows) {
    const stalledMs = coveredMs({ fromMs: untilMs, toMs: window.atMs }, stalls);
    excused += Math.min(Math.max(0, window.lost - lost), Math.floor((stalledMs / 1000) * perSecond));
    [lost, untilMs] = [window.lost, window.atMs];
  }
  return excused;
}

function judgeGap(probe: string, gap: number, found: ProbeEvidence | undefined): Verdict {
  const longest = found === undefined ? undefined : longestOf(found);
  const kept = longest !== undefined && longest.ms <= gap;
  return {
    kind: "gap",
    kept,
    subject: probe,
    promised: `never more than ${gap} ms without a packet`,
    delivered: found === undefined || longest === undefined ? "nothing came" : gapWords(found, longest, gap),
    figure: "longest time without a packet",
    unit: "ms",
    value: longest?.ms ?? -1,
    versus: { name: "most allowed", value: gap },
  };
}

interface Longest {
  readonly ms: number;
  /** Of the window that tells it. */
  readonly atMs: number;
}

function longestOf({ windows, stalls }: ProbeEvidence): Longest | undefined {
  const last = windows.at(-1);
  if (last === undefined) return undefined;
  const all = windows.map((window) => ({ ms: quietMs(window, stalls), atMs: window.atMs }));
  return [...all, { ms: openSilence(last, stalls), atMs: last.atMs }].reduce((a, b) => (b.ms > a.ms ? b : a));
}

/** Where the promise is broken, also when: what happened then stands beside it. */
function gapWords({ fromMs, windows }: ProbeEvidence, { ms, atMs }: Longest, gap: number): string {
  const words = `longest ${ms.toFixed(2)} ms`;
  if (ms > gap) return `${words}, by ${((atMs - fromMs) / 1000).toFixed(1)} s`;
  const seen = Math.max(...windows.map(({ gapMs }) => gapMs));
  return seen > gap ? `${words} (${seen.toFixed(2)} ms where the machine itself stood still)` : words;
}
