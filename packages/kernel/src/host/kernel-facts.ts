import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";

/** What the running kernel says of itself. */
export interface KernelFacts {
  /** As uname has it. */
  readonly release: string;
  readonly major: number;
  readonly minor: number;
  /** CO-RE programs find net_device's fields by it. */
  readonly hasBtf: boolean;
  /** `confidentiality` forbids programs to read kernel memory. */
  readonly lockdown: "none" | "integrity" | "confidentiality";
  /** Since 5.11 BPF memory is not counted against it. */
  readonly memlockBytes: number;
}

/** Reads /sys and /proc; what they do not say counts as absent. */
export function kernelFacts(): KernelFacts {
  const name = release();
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(name) ?? [];
  const lockdown = /\[(integrity|confidentiality)\]/.exec(read("/sys/kernel/security/lockdown"))?.[1];
  const memlock = /^Max locked memory\s+(\d+|unlimited)/m.exec(read("/proc/self/limits"))?.[1];
  return {
    release: name,
    major: Number(major),
    minor: Number(minor),
    hasBtf: existsSync("/sys/kernel/btf/vmlinux"),
    lockdown: lockdown === "integrity" || lockdown === "confidentiality" ? lockdown : "none",
    memlockBytes: memlock === undefined || memlock === "unlimited" ? Number.POSITIVE_INFINITY : Number(memlock),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // A kernel without that feature, or a container that hides it: both are an answer.
    return "";
  }
}
