import { check } from "../libc/errno.ts";
import { libc } from "../libc/libc.ts";

/** Bytes of a mask: 1,024 CPUs, as many as a spec can name. */
const MASK_BYTES = 128;
const THIS_THREAD = 0;

/**
 * Runs `work` with the calling thread bound to some CPUs, and sets it free again whatever happens. A process that
 * `work` spawns stays bound, with all its threads: the mask is inherited. Throws KernelError (EINVAL: none of them is
 * there, or all are offline).
 */
export function onCpus<T>(cpus: readonly number[], work: () => T): T {
  const before = new Uint8Array(MASK_BYTES);
  check(libc.schedGetAffinity(THIS_THREAD, MASK_BYTES, before), "sched_getaffinity");
  check(libc.schedSetAffinity(THIS_THREAD, MASK_BYTES, maskOf(cpus)), `sched_setaffinity ${cpus.join(",")}`);
  try {
    return work();
  } finally {
    check(libc.schedSetAffinity(THIS_THREAD, MASK_BYTES, before), "sched_setaffinity back");
  }
}

function maskOf(cpus: readonly number[]): Uint8Array {
  const mask = new Uint8Array(MASK_BYTES);
  for (const cpu of cpus) {
    if (!Number.isInteger(cpu) || cpu < 0 || cpu >= MASK_BYTES * 8)
      throw new RangeError(`${cpu} is no number of a CPU`);
    mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  }
  return mask;
}
