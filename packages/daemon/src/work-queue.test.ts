import { expect, test } from "vitest";
import { WorkQueue } from "./work-queue.ts";

test("work runs one piece at a time and in order, also after a failure", async () => {
  const queue = new WorkQueue();
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  const first = queue.run(async () => {
    log.push("first begins");
    await gate.promise;
    log.push("first ends");
    throw new Error("first failed");
  });
  const second = queue.run(async () => log.push("second"));
  gate.resolve();
  await expect(first).rejects.toThrow("first failed");
  await second;
  expect(log).toEqual(["first begins", "first ends", "second"]);
});

test("work of one key waits once, and is queued anew while it runs", async () => {
  const queue = new WorkQueue();
  const gate = Promise.withResolvers<void>();
  let runs = 0;
  const work = async () => {
    runs++;
    await gate.promise;
  };
  void queue.runOnce("reconcile", work);
  void queue.runOnce("reconcile", work);
  await Promise.resolve();
  await Promise.resolve();
  expect(runs).toBe(1);
  void queue.runOnce("reconcile", work);
  gate.resolve();
  await queue.idle();
  expect(runs).toBe(2);
});
