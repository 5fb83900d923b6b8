import { delimiter, join } from "node:path";
import type { DoctorRow } from "@gona/api";
import type { Capability, KernelFacts } from "@gona/kernel";
import { type Nanoseconds, nanoseconds } from "@gona/model";
import { paceTime } from "@gona/planner";

/** Debian 12's kernel: the oldest that GONA is tested with. */
const OLDEST_KERNEL = [6, 1] as const;
/** Since then the memory cgroup pays for BPF. */
const MEMLOCK_FREE_SINCE = [5, 11] as const;
/** Beyond it the coarsest pace is not coarse enough. */
const LATE_TIMERS = nanoseconds(2_500_000);
const MEMLOCK_WANTED = 256 * 2 ** 20;

/** What is known without trying anything. */
export interface HostFacts {
  readonly nodeVersion: string;
  readonly architecture: string;
  readonly kernel: KernelFacts;
  readonly missingCapabilities: readonly Capability[];
  /** CAP_SYS_PTRACE: other processes' descriptors can be had. */
  readonly mayHoldTaps: boolean;
  /** 95th percentile. */
  readonly timerLateness: Nanoseconds;
  readonly path: string;
  readonly exists: (path: string) => boolean;
}

const isAtLeast = ({ major, minor }: KernelFacts, [wantMajor, wantMinor]: readonly [number, number]): boolean =>
  major > wantMajor || (major === wantMajor && minor >= wantMinor);

const row = (
  check: string,
  ok: boolean,
  found: string,
  remedy: string,
  otherwise: DoctorRow["state"] = "missing",
): DoctorRow => (ok ? { check, state: "ok", found } : { check, state: otherwise, found, remedy });

/** Rows that follow from facts alone. */
export function factRows({
  nodeVersion,
  architecture,
  kernel,
  missingCapabilities: lacks,
  mayHoldTaps,
  timerLateness,
  path,
  exists,
}: HostFacts): readonly DoctorRow[] {
  const places = [...path.split(delimiter), "/usr/sbin", "/sbin", "/usr/bin"];
  const has = (program: string) => places.some((place) => place !== "" && exists(join(place, program)));
  const capabilities =
    lacks.length === 0 ? "root's capabilities" : `without ${lacks.map((name) => `CAP_${name}`).join(", ")}`;
  const memlockFree = isAtLeast(kernel, MEMLOCK_FREE_SINCE);
  const tools = ["ip", "tc", "ethtool", "iperf3", "nsenter"].filter((program) => !has(program));
  return [
    row(
      "node",
      Number.parseInt(nodeVersion, 10) >= 24,
      `Node ${nodeVersion}`,
      "run `npm run setup`: it brings Node 24",
    ),
    row(
      "processor",
      ["x64", "arm64"].includes(architecture),
      architecture,
      "GONA is tested on x86-64 and arm64 alone",
      "advice",
    ),
    row(
      "kernel-version",
      isAtLeast(kernel, OLDEST_KERNEL),
      `Linux ${kernel.release}`,
      "Linux 6.1 or newer, as Debian 12 has it",
    ),
    row("capabilities", lacks.length === 0, capabilities, "run as root (in a container: a privileged one)"),
    row(
      "btf",
      kernel.hasBtf,
      kernel.hasBtf ? "/sys/kernel/btf/vmlinux" : "none",
      "a kernel with CONFIG_DEBUG_INFO_BTF, as all of Debian's",
    ),
    row(
      "lockdown",
      kernel.lockdown !== "confidentiality",
      kernel.lockdown,
      "confidentiality lets no BPF program see a NIC's carrier: boot with lockdown=integrity or without",
    ),
    row(
      "memlock",
      memlockFree || kernel.memlockBytes >= MEMLOCK_WANTED,
      memlockFree ? "not counted for BPF since Linux 5.11" : `${kernel.memlockBytes} bytes`,
      "ulimit -l unlimited",
    ),
    row(
      "timers",
      timerLateness <= LATE_TIMERS,
      `late by less than ${(timerLateness / 1e6).toFixed(2)} ms 95 times in 100: limits are paced in ${paceTime(timerLateness, undefined) / 1e6} ms`,
      "a machine with so late timers has larger peaks and, where they are later than 20 ms, falls short of limits: less load, or CPUs of its own for a VM",
      "advice",
    ),
    row(
      "programs",
      tools.length === 0,
      tools.length === 0 ? "ip, tc, ethtool, iperf3, nsenter" : `without ${tools.join(", ")}`,
      "the lab and the tests need them: apt-get install iproute2 ethtool iperf3 util-linux",
      "advice",
    ),
    row(
      "tun",
      exists("/dev/net/tun"),
      exists("/dev/net/tun") ? "/dev/net/tun" : "none",
      "VMs need taps: modprobe tun",
      "advice",
    ),
    row(
      "back-pressure",
      mayHoldTaps,
      mayHoldTaps ? "CAP_SYS_PTRACE" : "without CAP_SYS_PTRACE",
      "GONA cannot reach the taps that hypervisors hold: what a VM sends beyond its limit is dropped instead of made to wait; run as root on the host",
      "advice",
    ),
  ];
}
