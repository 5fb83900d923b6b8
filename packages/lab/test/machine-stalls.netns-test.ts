import { readFileSync } from "node:fs";
import { loadBpfObject, RingBuffer, startCpuTimers } from "@gona/kernel";
import { expect, test } from "vitest";
import { MachineStalls, STALLS_OBJECT } from "../src/run/machine-stalls.ts";

/** `0-3,8` as numbers. */
const online = (): number[] =>
  readFileSync("/sys/devices/system/cpu/online", "utf8")
    .trim()
    .split(",")
    .flatMap((range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, place) => first + place);
    });

test("this kernel lets the lab see when a CPU stands still", async () => {
  using stalls = await MachineStalls.watch();
  expect(stalls.watching).toBe(true);
});

const PERIOD_NS = 100_000;

test("on every CPU a timer expires each period, and the program sees them", async () => {
  (await MachineStalls.watch())[Symbol.dispose](); // builds the object
  const spans = new Map<number, number[]>();
  // With no time between timers allowed each one is told, with the time since the one before.
  using object = loadBpfObject(STALLS_OBJECT, { rodata: { lab_period_ns: 0, lab_shortest_ns: 0 } });
  using _ring = new RingBuffer(object.map("lab_stalls"), (record) => {
    const view = new DataView(record.buffer, record.byteOffset);
    const [cpu, ns] = [view.getUint32(16, true), Number(view.getBigUint64(8, true) - view.getBigUint64(0, true))];
    spans.set(cpu, [...(spans.get(cpu) ?? []).slice(-999), ns]);
  });
  using _link = object.program("lab_timer_expired").attachTracepoint("hrtimer_expire_entry");
  using _timers = startCpuTimers(PERIOD_NS);
  // Some are late, and a CPU that was away for long tells that once.
  const onTime = (cpu: number) => (spans.get(cpu) ?? []).filter((ns) => ns < 1.5 * PERIOD_NS).length;
  await expect.poll(() => Math.min(...online().map(onTime)), { timeout: 30_000 }).toBeGreaterThan(500);
});
