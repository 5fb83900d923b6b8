import { check, libc } from "@gona/kernel";

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
const TIMER_ABSTIME = 1;
const PR_SET_TIMERSLACK = 29;
const SCHED_FIFO = 1;
/** Above every ordinary process, below the kernel's own threads. */
const PRIORITY = 10;

/**
 * A clock without garbage: one call of the C library, no BigInt. Times are seconds and nanoseconds
 * apart, because nanoseconds since 1970 do not fit into 53 bits.
 */
export class ProbeClock {
  readonly #clock: number;
  readonly #time = new Uint32Array(4);
  readonly #bytes = new Uint8Array(this.#time.buffer);

  constructor(clock: number) {
    this.#clock = clock;
  }

  read(): this {
    libc.clockGetTime(this.#clock, this.#bytes);
    return this;
  }

  get seconds(): number {
    return this.#time[0] ?? 0;
  }
  get nanoseconds(): number {
    return this.#time[2] ?? 0;
  }
  /** Since a second that the caller chose, as a whole number of nanoseconds. */
  since(second: number): number {
    return (this.seconds - second) * 1e9 + this.nanoseconds;
  }

  /** Blocks this thread until the clock shows `second` + `nanoseconds`. */
  sleepUntil(second: number, nanoseconds: number): void {
    this.#time[0] = second + Math.floor(nanoseconds / 1e9);
    this.#time[1] = 0;
    this.#time[2] = nanoseconds % 1e9;
    this.#time[3] = 0;
    libc.clockNanosleep(this.#clock, TIMER_ABSTIME, this.#bytes, null);
  }
}

/**
 * Makes this process wake when it asked to: no timer slack, and before every ordinary process, so
 * that a busy machine does not look like a gap on the wire. Without the privilege it stays as it is.
 */
export function wakeOnTime(): void {
  check(libc.prctl(PR_SET_TIMERSLACK, 1), "prctl PR_SET_TIMERSLACK");
  libc.schedSetScheduler(0, SCHED_FIFO, Uint8Array.of(PRIORITY, 0, 0, 0));
}

/** CPUs that a mask can name. */
const MASK_BYTES = 128;

/**
 * Keeps this thread on one of the CPUs that it may use, the `choice`-th, counted around: a sender that
 * wanders from CPU to CPU reorders its own packets on a veth, whose ends receive per CPU. Throws KernelError.
 */
export function stayOnCpu(choice: number): void {
  const allowed = new Uint8Array(MASK_BYTES);
  check(libc.schedGetAffinity(0, MASK_BYTES, allowed), "sched_getaffinity");
  const cpus = Array.from({ length: MASK_BYTES * 8 }, (_, cpu) => cpu).filter(
    (cpu) => ((allowed[cpu >> 3] ?? 0) & (1 << (cpu & 7))) !== 0,
  );
  const cpu = cpus[choice % cpus.length] ?? 0;
  const mask = new Uint8Array(MASK_BYTES);
  mask[cpu >> 3] = 1 << (cpu & 7);
  check(libc.schedSetAffinity(0, MASK_BYTES, mask), `sched_setaffinity to CPU ${cpu}`);
}
