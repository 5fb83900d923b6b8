import { expect, test } from "vitest";
import { TxStall } from "./tx-stall.ts";

const run = (looks: readonly (readonly [atMs: number, taken: boolean | undefined, sent: number])[]): boolean[] => {
  const stall = new TxStall(100);
  return looks.map(([atMs, taken, sent]) => stall.look(atMs, taken, () => sent));
};

test("a driver that takes nothing and sends nothing for long enough is stalled, until it takes a frame", () => {
  const looks = [
    [0, true, 5],
    [10, false, 6],
    [60, false, 6],
    [110, false, 6],
    [120, undefined, 6],
    [130, true, 7],
  ] as const;
  expect(run(looks)).toEqual([false, false, false, true, true, false]);
});

test("a full queue that drains is busy, not stalled", () => {
  expect(run(Array.from({ length: 50 }, (_, at) => [at * 50, false, at] as const))).not.toContain(true);
});

test("a stall that ends without a frame of ours is over when something was sent", () => {
  expect(
    run([
      [0, false, 6],
      [100, false, 6],
      [110, false, 7],
    ]),
  ).toEqual([false, true, false]);
});
