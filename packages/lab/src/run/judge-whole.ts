import { type BitsPerSecond, formatRate } from "@gona/model";
import type { Expectation } from "../scenario/scenario.ts";
import type { RttWindow } from "../traffic/probe-messages.ts";
import type { Verdict } from "./verdict.ts";

/** What a guest sent, or got, over all its NICs together. */
export function judgeTotal(expectation: Extract<Expectation, { kind: "total" }>, found: BitsPerSecond): Verdict {
  const { guest, direction, rate, within } = expectation;
  const error = found / rate - 1;
  return {
    kind: "rate",
    kept: Math.abs(error) <= within,
    subject: `${guest}, ${direction === "egress" ? "sent" : "got"} in all`,
    promised: `rate ${formatRate(rate)}/s ± ${Number((within * 100).toPrecision(3))} %`,
    delivered: `${(found / 1e6).toFixed(2)} Mbit/s (${error >= 0 ? "+" : "−"}${Math.abs(error * 100).toFixed(2)} %)`,
    figure: `delivered in all, ${direction}`,
    unit: "bit/s",
    value: found,
    versus: { name: "rate", value: rate },
  };
}

/** Nothing answered is broken; so is a question of a hundred that waited longer. */
export function judgeRoundTrip(
  { probe, p99 }: Extract<Expectation, { kind: "roundTrip" }>,
  found: RttWindow | undefined,
): Verdict {
  const answered = found !== undefined && found.answered > 0;
  const value = answered ? found.p99Us / 1e3 : -1;
  return {
    kind: "roundTrip",
    // A question that was given up waited longer than any that counts.
    kept: answered && value <= p99 && found.unanswered * 100 <= found.answered,
    subject: probe,
    promised: `99 % of answers within ${p99} ms`,
    delivered: answered
      ? `median ${(found.p50Us / 1e3).toFixed(2)} ms, 99 % ${value.toFixed(2)} ms, ${found.unanswered} unanswered`
      : "nothing came",
    figure: "round trip, 99th percentile",
    unit: "ms",
    value,
    versus: { name: "most allowed", value: p99 },
  };
}
