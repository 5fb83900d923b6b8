import fc from "fast-check";
import { expect, test } from "vitest";
import { coveredMs, type Span } from "./span.ts";

const span = (fromMs: number, toMs: number): Span => ({ fromMs, toMs });

test("parts that overlap each other or the edges are counted once, and inside alone", () => {
  const whole = span(10, 20);
  expect(coveredMs(whole, [])).toBe(0);
  expect(coveredMs(whole, [span(15, 17), span(8, 11), span(16, 18), span(19, 30)])).toBe(5);
  expect(coveredMs(whole, [span(0, 10), span(20, 30)])).toBe(0);
  expect(coveredMs(whole, [span(12, 13), span(0, 99)])).toBe(10);
});

test("what is covered is what a count of milliseconds finds", () => {
  const part = fc.tuple(fc.nat(60), fc.nat(20)).map(([from, length]) => span(from, from + length));
  fc.assert(
    fc.property(part, fc.array(part), (whole, parts) => {
      const marks = Array.from({ length: 100 }, (_, at) => at);
      const inside = marks.filter((at) => at >= whole.fromMs && at < whole.toMs);
      const counted = inside.filter((at) => parts.some(({ fromMs, toMs }) => at >= fromMs && at < toMs)).length;
      expect(coveredMs(whole, parts)).toBe(counted);
    }),
  );
});
