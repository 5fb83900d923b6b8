import { expect, test } from "vitest";
import { SequenceAccount } from "./sequence-account.ts";

const INTERVAL_NS = 100_000;
/** Sends `numbers` on time and lets each arrive 50 us later, or when `arrives` says. */
function account(numbers: readonly number[], arrives = (sent: number, _n: number): number => sent + 50_000) {
  const book = new SequenceAccount(INTERVAL_NS);
  for (const number of numbers) book.receive(number, number * INTERVAL_NS, arrives(number * INTERVAL_NS, number));
  return book;
}

test("a stream that comes whole has no loss and gaps of one interval", () => {
  const book = account([0, 1, 2, 3, 4]);
  expect(book.totals).toEqual({ received: 5, lost: 0, reordered: 0, duplicated: 0 });
  expect(book.takeGaps()).toEqual({ gapNs: INTERVAL_NS, rawGapNs: INTERVAL_NS, quiet: [] });
});

test("missing numbers are lost, also the first ones", () => {
  expect(account([2, 3, 6]).totals.lost).toBe(4);
});

test("a number that comes late is reordered and not lost; one that comes twice is duplicated", () => {
  expect(account([0, 2, 1, 2, 3]).totals).toEqual({ received: 4, lost: 0, reordered: 1, duplicated: 1 });
});

test("the gap spans the numbers that were lost", () => {
  const book = account([0, 1, 41, 42]);
  expect(book.takeGaps().gapNs).toBe(40 * INTERVAL_NS);
});

test("a pause of the sender is no gap of the network", () => {
  const book = new SequenceAccount(INTERVAL_NS);
  book.receive(0, 0, 50_000);
  book.receive(1, 9_000_000, 9_050_000);
  expect(book.takeGaps()).toEqual({ gapNs: INTERVAL_NS, rawGapNs: 9_000_000, quiet: [] });
});

test("a packet that was held back on the way is a gap though the sender kept its time", () => {
  const book = account([0, 1, 2], (sent, number) => (number === 1 ? sent + 7_000_000 : sent + 50_000));
  expect(book.takeGaps().gapNs).toBe(7_000_000 + INTERVAL_NS - 50_000);
});

test("times of more than a millisecond without a packet are told with their ends and the sender's pause", () => {
  const book = new SequenceAccount(INTERVAL_NS);
  book.receive(0, 0, 50_000);
  book.receive(1, 3_000_000, 8_000_000);
  book.receive(2, 3_100_000, 8_100_000);
  expect(book.takeGaps().quiet).toEqual([{ fromNs: 50_000, toNs: 8_000_000, pauseNs: 2_900_000, sentNs: 3_000_000 }]);
});

test("gaps are taken once", () => {
  const book = account([0, 19]);
  expect(book.takeGaps().quiet).toHaveLength(1);
  expect(book.takeGaps()).toEqual({ gapNs: 0, rawGapNs: 0, quiet: [] });
});

test("silence counts from the last arrival, and there is none before the first", () => {
  expect(new SequenceAccount(INTERVAL_NS).silenceNs(5)).toBe(0);
  expect(account([0]).silenceNs(1_050_000)).toBe(1_000_000);
});
