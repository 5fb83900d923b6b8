import { expect, test } from "vitest";
import { hasEnded, parseStat, processFacts } from "./process-facts.ts";

test("a name with parentheses and spaces hides no field", () => {
  const rest = "S 1 2 3 0 -1 4194560 100 0 0 0 70 30 0 0 20 0 11 0 4242 1000 200";
  expect(parseStat(`17 (a) b (c) ${rest}`)).toEqual({ state: "S", threads: 11, cpuTicks: 100, startTicks: 4242 });
});

test.each([
  ["S", 1, false],
  ["Z", 1, true],
  ["Z", 0, true],
  ["Z", 2, false],
  ["X", 0, true],
])("in state %s with %d threads it has ended: %s", (state, threads, ended) => {
  expect(hasEnded({ state, threads, cpuTicks: 0, startTicks: 1 })).toBe(ended);
});

test("this process runs, and none has the number 0", () => {
  expect(processFacts(process.pid)?.state).toBe("R");
  expect(processFacts(0)).toBeUndefined();
});
