import { readFileSync, statSync } from "node:fs";
import { type HelloReply, PROTOCOL } from "./protocol.ts";

/** Bits of linux/capability.h; those that have no name here are told as `cap_N`. */
const NAMES: Readonly<Record<number, string>> = { 12: "net_admin", 21: "sys_admin", 38: "perfmon", 39: "bpf" };

/** What this process is, and what it may do at most. `status`: text of /proc/self/status. */
export function identity(status: string = readFileSync("/proc/self/status", "utf8")): HelloReply {
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const capabilities = Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => ((bounding >> BigInt(bit)) & 1n) === 1n)
    .map((bit) => NAMES[bit] ?? `cap_${bit}`);
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return {
    protocol: PROTOCOL,
    version: (manifest as { readonly version: string }).version,
    pid: process.pid,
    netnsInode: statSync("/proc/self/ns/net").ino,
    capabilities,
    noNewPrivileges: /^NoNewPrivs:\s*1$/m.test(status),
  };
}
