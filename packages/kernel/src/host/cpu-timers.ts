import { libbpf } from "../bpf/libbpf.ts";
import { errnoName, lastError } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { errno, libc } from "../libc/libc.ts";

const PERF_TYPE_SOFTWARE = 1;
const PERF_COUNT_SW_CPU_CLOCK = 0;
/** struct perf_event_attr, PERF_ATTR_SIZE_VER0. */
const ATTR = { bytes: 64, size: 4, config: 8, samplePeriod: 16 } as const;
const PERF_FLAG_FD_CLOEXEC = 8;
const EVERY_PROCESS = -1;
const NO_GROUP = -1;
const PERF_EVENT_OPEN: Readonly<Record<string, number>> = { x64: 298, arm64: 241 };

/**
 * Lets a timer of the kernel's own (a perf event's) expire on every CPU each `periodNs`, idle or busy, until it is
 * disposed of: nothing happens then but the interrupt, which a program on the tracepoint `hrtimer_expire_entry` sees.
 * Throws KernelError: no CAP_PERFMON, no perf events.
 */
export function startCpuTimers(periodNs: number): Disposable {
  const attr = new Uint8Array(ATTR.bytes);
  const view = new DataView(attr.buffer);
  view.setUint32(0, PERF_TYPE_SOFTWARE, true);
  view.setUint32(ATTR.size, ATTR.bytes, true);
  view.setBigUint64(ATTR.config, BigInt(PERF_COUNT_SW_CPU_CLOCK), true);
  view.setBigUint64(ATTR.samplePeriod, BigInt(periodNs), true);
  using stack = new DisposableStack();
  for (let cpu = 0; cpu < libbpf().possibleCpus(); cpu++) {
    const call = PERF_EVENT_OPEN[process.arch] ?? -1;
    const fd = libc.perfEventOpen(call, attr, EVERY_PROCESS, cpu, NO_GROUP, PERF_FLAG_FD_CLOEXEC);
    if (fd >= 0) stack.use(new Fd(fd));
    // A CPU that is offline.
    else if (errnoName(errno()) !== "ENODEV") throw lastError(`perf_event_open on CPU ${cpu}`);
  }
  return stack.move();
}
