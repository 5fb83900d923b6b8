import { readFileSync } from "node:fs";

/** Bits of linux/capability.h that GONA asks for. */
const BITS = { NET_ADMIN: 12, NET_RAW: 13, SYS_PTRACE: 19, SYS_ADMIN: 21, PERFMON: 38, BPF: 39 } as const;

export type Capability = keyof typeof BITS;

/** What programming a hub takes. */
export const NEEDED_CAPABILITIES: readonly Capability[] = ["NET_ADMIN", "NET_RAW", "SYS_ADMIN", "PERFMON", "BPF"];

/** Those of `wanted` that this process does not have in effect. `status`: text of /proc/self/status. */
export function missingCapabilities(
  wanted: readonly Capability[] = NEEDED_CAPABILITIES,
  status: string = readFileSync("/proc/self/status", "utf8"),
): readonly Capability[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const has = (name: Capability): boolean => ((effective >> BigInt(BITS[name])) & 1n) === 1n;
  return wanted.filter((name) => !has(name));
}
