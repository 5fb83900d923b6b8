import { expect, test } from "vitest";
import { timerLateness } from "./timer-lateness.ts";

test("timers are never early, and late by less than a second", async () => {
  const late = await timerLateness();
  expect(late).toBeGreaterThan(0);
  expect(late).toBeLessThan(1e9);
});

test("other work of the thread goes on between the sleeps", async () => {
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  await timerLateness();
  clearInterval(counting);
  expect(turns).toBeGreaterThan(5);
});
