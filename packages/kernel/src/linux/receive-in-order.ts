import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const ONLINE_CPUS = "/sys/devices/system/cpu/online";
const BITS_PER_GROUP = 32;

/**
 * Makes a link hand what it receives to a CPU by flow (receive packet steering). A veth receives on
 * whatever CPU its peer's queue was emptied on, and two CPUs that take turns at that overtake each
 * other: a few frames in ten thousand came out of order, none with steering. The setting is in the
 * /sys of the link's namespace alone, which a process of another mount namespace mounts. False where
 * the kernel has no such setting, or mounts are not allowed: frames may be reordered then.
 * The thread must be in the link's namespace.
 */
export function receiveInOrder(link: string): boolean {
  const mask = cpuMask(readFileSync(ONLINE_CPUS, "utf8"));
  // The link's name comes as an argument: it may hold whatever a shell would understand.
  const script =
    'mount -t sysfs gona /sys; for f in /sys/class/net/"$1"/queues/rx-*/rps_cpus; do echo "$2" > "$f"; done';
  const { status } = spawnSync("unshare", ["--mount", "sh", "-ec", script, "sh", link, mask], { stdio: "ignore" });
  return status === 0;
}

/** A list of CPUs as the kernel prints it (`0-3,8`) as the mask that it takes (`10f`, groups of 32 bits by commas). */
export function cpuMask(list: string): string {
  let bits = 0n;
  for (const range of list.trim().split(",")) {
    const [first = "0", last = first] = range.split("-");
    for (let cpu = Number(first); cpu <= Number(last); cpu++) bits |= 1n << BigInt(cpu);
  }
  const groups: string[] = [];
  const group = (1n << BigInt(BITS_PER_GROUP)) - 1n;
  for (let rest = bits; rest > 0n || groups.length === 0; rest >>= BigInt(BITS_PER_GROUP)) {
    groups.unshift((rest & group).toString(16).padStart(8, "0"));
  }
  return groups.join(",");
}
