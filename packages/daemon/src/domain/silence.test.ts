import { expect, test } from "vitest";
import { exitWords } from "./exit-words.ts";
import { judgeSilence, type Silence } from "./silence.ts";

const facts = (state: string, cpuTicks: number) => ({ state, threads: 1, cpuTicks, startTicks: 1 });

test.each<readonly [string, string, number, Silence]>([
  ["is stopped", "T", 100, "hung"],
  ["is traced", "t", 100, "hung"],
  ["sleeps with a request before it", "S", 100, "hung"],
  ["runs in an endless loop", "R", 160, "hung"],
  ["waits for a CPU", "R", 103, "waits"],
  ["waits inside the kernel", "D", 100, "waits"],
  ["has ended", "Z", 100, "gone"],
])("an agent that does not answer and %s", (_, state, ticks, verdict) => {
  expect(judgeSilence(facts("S", 100), facts(state, ticks))).toBe(verdict);
});

test("one whose process is not there is gone", () => {
  expect(judgeSilence(facts("S", 1), undefined)).toBe("gone");
});

test("why a process is gone is said in the words that fit", () => {
  const ending = { outOfMemory: false, lastWords: "" };
  expect(exitWords({ ...ending, status: { code: null, signal: "SIGKILL" } })).toBe("killed by SIGKILL");
  expect(exitWords({ ...ending, status: { code: 1, signal: null }, lastWords: "Error: x" })).toBe(
    "exited with code 1: Error: x",
  );
  expect(exitWords({ ...ending, outOfMemory: true, status: { code: null, signal: "SIGKILL" } })).toBe(
    "out of memory: killed by the kernel",
  );
  expect(exitWords(ending)).toBe("its process ended");
});
