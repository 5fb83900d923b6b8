import { expect, test } from "vitest";
import type { Clock } from "../../clock.ts";
import { PULSE_MS, Pulse } from "./pulse.ts";

function setUp() {
  let due: (() => void) | undefined;
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    after: (_, run) => {
      due = run;
      return {
        [Symbol.dispose]: () => {
          due = undefined;
        },
      };
    },
  };
  const told: string[] = [];
  let pings = 0;
  let isStopped = false;
  const pulse = new Pulse({
    clock,
    ping: () => void pings++,
    isStopped: () => isStopped,
    onSilent: () => void told.push("silent"),
    onHeard: () => void told.push("heard"),
  });
  const beats = (count: number): void => {
    for (let beat = 0; beat < count; beat++) due?.();
  };
  /** Answers each ping after so many beats, `times` over. */
  const answers = (after: number, times: number): void => {
    for (let time = 0; time < times; time++) {
      beats(1 + after);
      pulse.answered();
    }
  };
  const stop = (): void => {
    isStopped = true;
  };
  return { pulse, told, beats, answers, stop, pings: () => pings };
}

/** So many answers, and it is forgotten that nothing was known. */
const LONG = 6000;

test("three beats without an answer are silence, told once", () => {
  const { pulse, told, beats, answers } = setUp();
  answers(0, LONG);
  beats(1 + 2);
  expect(told).toEqual([]);
  beats(1);
  expect(told).toEqual(["silent"]);
  beats(50);
  expect(told).toEqual(["silent"]);
  expect(pulse.silentMs).toBe(53 * PULSE_MS);
});

test("one that has only just booted is given a tenth of a second", () => {
  const { told, beats, answers } = setUp();
  answers(0, 20);
  beats(1 + 20);
  expect(told).toEqual([]);
  beats(1);
  expect(told).toEqual(["silent"]);
});

test("a machine that is slow anyway is given its time", () => {
  const { told, beats, answers } = setUp();
  answers(2, LONG);
  answers(1, 3);
  beats(1 + 3);
  expect(told).toEqual([]);
  beats(60);
  expect(told).toEqual(["silent"]);
});

test("one whose process was stopped is not waited for, however slow it was", () => {
  const { told, beats, answers, stop } = setUp();
  answers(8, 1);
  answers(2, 20);
  told.length = 0;
  beats(1 + 2);
  expect(told).toEqual([]);
  stop();
  beats(1);
  expect(told).toEqual(["silent"]);
});

test("a false alarm is not given twice for the same delay", () => {
  const { told, beats, answers } = setUp();
  answers(0, LONG);
  answers(8, 1);
  answers(0, 10);
  expect(told).toEqual(["silent", "heard"]);
  answers(8, 1);
  answers(0, 100);
  answers(8, 1);
  expect(told).toEqual(["silent", "heard"]);
  beats(1 + 10);
  expect(told).toEqual(["silent", "heard", "silent"]);
});

test("it is heard again after three answers in a row", () => {
  const { told, beats, answers } = setUp();
  answers(0, LONG);
  beats(1 + 3);
  answers(0, 1);
  expect(told).toEqual(["silent"]);
  answers(0, 3);
  expect(told).toEqual(["silent", "heard"]);
});

test("one ping is under way at a time, and an answer that nobody asked for counts nothing", () => {
  const { pulse, beats, pings } = setUp();
  beats(10);
  expect(pings()).toBe(1);
  pulse.answered();
  pulse.answered();
  beats(1);
  expect(pings()).toBe(2);
});
