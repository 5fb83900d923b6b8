import { expect, test } from "vitest";
import { fillBuckets, keepBuckets } from "./bucket-table.ts";
import { TableMemo } from "./table-memo.ts";

test("gives what the filler gives, and one table where weights and what is kept are alike", () => {
  const memo = new TableMemo();
  const [even, odd] = [fillBuckets([1, 1]), fillBuckets([3, 1])];
  for (let round = 0; round < 2; round++) {
    for (const fill of [fillBuckets, keepBuckets]) {
      for (const weights of [[1, 1], [3, 1], [0, 1], [1], [1, 2, 3]]) {
        for (const previous of [undefined, even, odd, even.slice()]) {
          expect(memo.fill(fill, weights, previous)).toEqual(fill(weights, previous));
        }
      }
    }
  }
  const [a, b] = [even.slice(), even.slice()];
  expect(memo.fill(fillBuckets, [0, 5], a)).toBe(memo.fill(fillBuckets, [0, 5], b));
});
