import { expect, test } from "vitest";
import { parseStat, processFacts } from "./process-facts.ts";

test("a name with parentheses and spaces hides no field", () => {
  const rest = "S 1 2 3 0 -1 4194560 100 0 0 0 70 30 0 0 20 0 11 0 4242 1000 200";
  expect(parseStat(`17 (a) b (c) ${rest}`)).toEqual({ state: "S", cpuTicks: 100, startTicks: 4242 });
});

test("this process runs, and none has the number 0", () => {
  expect(processFacts(process.pid)?.state).toBe("R");
  expect(processFacts(0)).toBeUndefined();
});
