import type { ClassCounterSink, Kernel } from "@gona/kernel";
import type { NicId } from "@gona/model";
import { expect, test } from "vitest";
import { DrainWatch } from "./drain-watch.ts";

const ROOT = 0xa09a0001;
const SLICE = 0xa09a0008;
const CAPACITY = 1_000_000;
const LIMIT = 500_000;

/** A NIC whose root and one slice send at given rates. */
class Nic {
  nowMs = 0;
  dumps = 0;
  waiting = 0;
  #root = 0;
  #slice = 0;

  readonly kernel: Pick<Kernel, "classCounters"> = {
    classCounters: (_link: string, sink: ClassCounterSink, classid?: number) => {
      sink.begin();
      sink.take(ROOT, this.#root, 0, 0, 0, 1);
      if (classid !== undefined) return;
      this.dumps++;
      sink.take(SLICE, this.#slice, 0, 0, this.waiting, 1);
    },
  };

  pass(root: number, slice: number): void {
    this.nowMs += 250;
    this.#root += root / 4;
    this.#slice += slice / 4;
  }
}

function watched(): { readonly nic: Nic; readonly look: (root: number, slice: number) => number | undefined } {
  const nic = new Nic();
  const watch = new DrainWatch("eth1" as NicId, { kernel: nic.kernel, now: () => nic.nowMs });
  const look = (root: number, slice: number) => {
    nic.pass(root, slice);
    watch.look(CAPACITY);
    return watch.drainOf(0, LIMIT);
  };
  return { nic, look };
}

test("a queue that waits on a full NIC and gets less than its limit drains at what it got", () => {
  const { nic, look } = watched();
  nic.waiting = 9000;
  expect(look(CAPACITY, 100_000)).toBeUndefined();
  expect(look(CAPACITY, 100_000)).toBeUndefined();
  expect(look(CAPACITY, 100_000)).toBeCloseTo(100_000);
  expect(look(CAPACITY, 200_000)).toBeCloseTo(200_000);
});

test("nobody is held back at its limit, without a queue, or on a NIC that is not full", () => {
  const { nic, look } = watched();
  nic.waiting = 9000;
  for (let turn = 0; turn < 4; turn++) expect(look(CAPACITY, LIMIT)).toBeUndefined();
  nic.waiting = 0;
  for (let turn = 0; turn < 4; turn++) expect(look(CAPACITY, 100_000)).toBeUndefined();
  nic.waiting = 9000;
  const dumps = nic.dumps;
  for (let turn = 0; turn < 4; turn++) expect(look(CAPACITY / 2, 100_000)).toBeUndefined();
  expect(nic.dumps).toBe(dumps);
});

test("a look from before the NIC was last full tells nothing about now", () => {
  const { nic, look } = watched();
  nic.waiting = 9000;
  for (let turn = 0; turn < 3; turn++) look(CAPACITY, 100_000);
  look(CAPACITY / 2, 100_000);
  expect(look(CAPACITY, 100_000)).toBeUndefined();
  expect(look(CAPACITY, 100_000)).toBeCloseTo(100_000);
});
