import { setImmediate as breathe } from "node:timers/promises";
import { type Nanoseconds, nanoseconds } from "@gona/model/units";
import { libc } from "../libc/libc.ts";

const CLOCK_MONOTONIC = 1;
const PR_SET_TIMERSLACK = 29;
/** What the kernel adds to an ordinary thread's timers; 0 brings back what the thread began with. */
const NO_SLACK_NS = 1;
const OWN_SLACK = 0;
const SCHED_OTHER = 0;
const SCHED_FIFO = 1;
/** Above every ordinary thread, below the kernel's own. */
const FIFO_PRIORITY = 10;
/** 128 sleeps of 1 ms take some 150 ms, eight at a time, so that this thread's other work waits 10 ms at most. */
const SLEEPS = 128;
const SLEEPS_AT_ONCE = 8;
const SLEEP_NS = 1_000_000;
/** Above it are the moments in which a virtual machine does not run at all: no depth of a bucket goes by them. */
const PERCENTILE = 0.95;

/**
 * How late this machine's timers fire, 95th percentile over 0.15 s: what the kernel's shapers wait
 * by, and a thread's waking besides.
 */
export async function timerLateness(): Promise<Nanoseconds> {
  const late: number[] = [];
  while (late.length < SLEEPS) {
    asTheKernel(true);
    for (let n = 0; n < SLEEPS_AT_ONCE; n++) late.push(oneSleep());
    asTheKernel(false);
    await breathe();
  }
  // The first ones ran before their code was compiled.
  late.splice(0, SLEEPS_AT_ONCE);
  late.sort((a, b) => a - b);
  return nanoseconds(Math.max(0, late[Math.ceil(PERCENTILE * late.length) - 1] ?? 0));
}

/**
 * This thread wakes as soon as the timer fires, before ordinary threads: shapers run in interrupts
 * and wait for no thread. Without the privilege the machine looks later than it is.
 */
function asTheKernel(on: boolean): void {
  libc.prctl(PR_SET_TIMERSLACK, on ? NO_SLACK_NS : OWN_SLACK);
  libc.schedSetScheduler(0, on ? SCHED_FIFO : SCHED_OTHER, Uint8Array.of(on ? FIFO_PRIORITY : 0, 0, 0, 0));
}

/** Nanoseconds beyond SLEEP_NS. */
function oneSleep(): number {
  const time = new BigInt64Array([0n, BigInt(SLEEP_NS)]);
  const begin = process.hrtime.bigint();
  libc.clockNanosleep(CLOCK_MONOTONIC, 0, new Uint8Array(time.buffer), null);
  return Number(process.hrtime.bigint() - begin) - SLEEP_NS;
}
