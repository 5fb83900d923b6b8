import type { NicLossView, PlanResult } from "@gona/api";
import { bitsPerSecond, formatRate } from "@gona/model";
import type { Painter } from "./style.ts";

/** More names or promises than these are counted, not listed. */
const MOST_LISTED = 5;
/** Lines of one kind; with --json there are all. */
const MOST_LINES = 50;

/** A plan in lines for people, each with its line end. */
export function planText(plan: PlanResult, paint: Painter): string {
  const lines = plan.fits ? fittingLines(plan, paint) : unfitLines(plan, paint);
  for (const { kind, name, reason } of plan.pending) {
    lines.push(`${paint("pending", "yellow")}: ${kind} ${name}: ${reason}`);
  }
  if (plan.fits) lines.push(...plan.withoutNic.map((loss) => lossLine(loss, paint)));
  return lines.map((line) => `${line}\n`).join("");
}

function fittingLines({ verdict, withoutNic, steps, revision }: PlanResult, paint: Painter): string[] {
  const needed = withoutNic.filter(({ broken }) => broken.length > 0).map(({ nic }) => nic);
  const fits =
    verdict === "fits-unless-lost" ? `${paint("fits unless", "yellow")} ${needed.join(" or ")} is lost` : "fits";
  if (steps.length === 0) return [`${fits}; nothing to do`];
  return [
    `${fits}; ${steps.length} step${steps.length === 1 ? "" : "s"} from revision ${revision}:`,
    ...steps.map((step) => {
      const set = step.kind === "set";
      return `  ${paint(set ? "+" : "-", set ? "green" : "red")} ${step.text}`;
    }),
  ];
}

function unfitLines({ findings, nearest }: PlanResult, paint: Painter): string[] {
  const lines = findings.map(({ path, message, allowed, hint }) => {
    const more = [allowed === undefined ? "" : `, allowed: ${allowed}`, hint === undefined ? "" : ` (${hint})`];
    return `${paint("does not fit", "red")}: ${path}: ${message}${more.join("")}`;
  });
  if (nearest.length === 0) return firstOf(lines);
  const changes = nearest.map(
    ({ path, fromBitsPerSecond, toBitsPerSecond }) =>
      `  ${path}: ${rate(fromBitsPerSecond)} -> ${paint(rate(toBitsPerSecond), "green")}`,
  );
  return [...firstOf(lines), "the nearest spec that would fit:", ...firstOf(changes)];
}

const firstOf = (lines: readonly string[]): string[] =>
  lines.length <= MOST_LINES
    ? [...lines]
    : [...lines.slice(0, MOST_LINES), `  and ${lines.length - MOST_LINES} more (all of them with --json)`];

function lossLine({ nic, degraded, cutOff, broken }: NicLossView, paint: Painter): string {
  const promises = broken.map(
    ({ vif, direction, promisedBitsPerSecond, keptBitsPerSecond }) =>
      `${vif} keeps ${rate(keptBitsPerSecond)} of ${rate(promisedBitsPerSecond)}${direction === "ingress" ? " ingress" : ""}`,
  );
  const words = [
    degraded.length === 0 ? "" : `${list(degraded)} ${degraded.length === 1 ? "goes" : "go"} on with fewer slices`,
    cutOff.length === 0 ? "" : paint(`cut off: ${list(cutOff)}`, "yellow"),
    promises.length === 0 ? "" : `${paint("broken", "yellow")}: ${list(promises)}`,
  ].filter((part) => part !== "");
  return `without ${nic}: ${words.length === 0 ? "nobody would notice" : words.join("; ")}`;
}

/** As a spec takes it. */
const rate = (bits: number): string => formatRate(bitsPerSecond(bits)).replace(" ", "");

/** The first few of many. */
const list = (words: readonly string[]): string =>
  words.length <= MOST_LISTED
    ? words.join(", ")
    : `${words.slice(0, MOST_LISTED - 1).join(", ")} and ${words.length - MOST_LISTED + 1} more`;
