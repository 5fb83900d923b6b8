import { guestId, megabitsPerSecond, milliseconds, nicId } from "@gona/model";
import { expect, test } from "vitest";
import { bar, fold, summary } from "./lab-text.ts";
import type { PhaseResult } from "./lab-view.ts";
import { paintFor } from "./paint.ts";
import type { Verdict } from "./verdict.ts";

const plain = paintFor({ colour: false });
const verdict = (kept: boolean, value = 99.9e6): Verdict => ({
  ...{ kind: "limit", kept, subject: "web on eth1", promised: "limit 100 Mbit/s", delivered: "99.90 Mbit/s" },
  ...{ figure: "delivered", unit: "bit/s", value, versus: { name: "limit", value: 100e6 } },
});
const result = (verdicts: readonly Verdict[], cpuPressure = 0): PhaseResult => ({
  phase: {
    ...{ title: "One", say: "", lasts: milliseconds(1), settle: milliseconds(0) },
    ...{ traffic: [], events: [], expect: [] },
  },
  ...{ fromMs: 0, toMs: 1, happenings: [], verdicts, stalls: [], cpuPressure },
});

test("the summary says how well limits were met", () => {
  expect(summary([result([verdict(true), verdict(true, 100.05e6)])], plain)).toEqual([
    "Every promise was kept (2 of 2):",
    "  ✓ 2 slices at the limit, 0.10 % off at most",
  ]);
});

test("the summary names each broken promise, and a busy machine only beside one", () => {
  const lines = summary([result([verdict(false), verdict(true)], 0.8)], plain);
  expect(lines).toContain("Not kept: 1 of 2");
  expect(lines.at(-1)).toContain("waited for a CPU 80 % of the time");
  expect(summary([result([verdict(true)], 0.8)], plain).join()).not.toContain("CPU");
});

test("the summary tells of CPUs that stood still, by the stall without what comes after it", () => {
  const stalls = [{ fromMs: 0.1, toMs: 0.3 }];
  const lines = summary([{ ...result([verdict(false)]), stalls: [{ fromMs: 0, toMs: 0.002 }] }], plain);
  expect(lines.join()).not.toContain("stood still");
  const stalled = summary(
    [{ ...result([verdict(false)]), toMs: 1000, stalls: [{ fromMs: 100, toMs: 140 }, ...stalls] }],
    plain,
  );
  expect(stalled.at(-1)).toContain("CPUs stood still, or caught up, 4.0 % of it, 20 ms at once");
});

test("a bar is full at the limit and marks the reservation", () => {
  const row = (delivered: number) => ({
    slice: { guest: guestId("web"), nic: nicId("eth1") },
    ...{ reserve: megabitsPerSecond(30), limit: megabitsPerSecond(100), cable: "plugged" as const },
    delivered: megabitsPerSecond(delivered),
  });
  expect(bar(row(0), 10)).toBe("···┊······");
  expect(bar(row(20), 10)).toBe("██·┊······");
  expect(bar(row(120), 10)).toBe("██████████");
});

test("text is folded at words", () => {
  expect(fold("one two  three", 7)).toEqual(["one two", "three"]);
});
