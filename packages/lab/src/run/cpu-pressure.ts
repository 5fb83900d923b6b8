import { readFileSync } from "node:fs";

/** Microseconds since boot in which some task waited for a CPU (PSI); undefined where the kernel does not tell. */
function waitedUs(): number | undefined {
  try {
    const total = /^some .*total=(\d+)/m.exec(readFileSync("/proc/pressure/cpu", "utf8"))?.[1];
    return total === undefined ? undefined : Number(total);
  } catch {
    return undefined; // no CONFIG_PSI, or switched off at boot
  }
}

/**
 * Begins to watch how busy the machine is; the function that comes back says in which part of the time
 * since then, 0 to 1, some task had to wait for a CPU. Undefined where the kernel does not tell.
 */
export function watchCpuPressure(): () => number | undefined {
  const [begin, beginUs] = [performance.now(), waitedUs()];
  return () => {
    const endUs = waitedUs();
    if (beginUs === undefined || endUs === undefined) return undefined;
    return Math.min(1, (endUs - beginUs) / 1e3 / Math.max(1, performance.now() - begin));
  };
}
