import { mkdirSync, statfsSync } from "node:fs";
import { check, errnoName } from "../libc/errno.ts";
import { errno, libc } from "../libc/libc.ts";

const BPF_FS_MAGIC = 0xcafe4a11;
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MNT_DETACH = 2;

/** Mounts a bpffs of our own on a directory, which is made; does nothing where one is mounted. Throws KernelError. */
export function mountBpffs(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (isBpffs(directory)) return;
  const flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  check(libc.mount("bpf", directory, "bpf", flags, "mode=0700"), `mount -t bpf bpf ${directory}`);
}

/** Pins go with the last mount of their bpffs. False when nothing was mounted. Throws KernelError. */
export function unmountBpffs(directory: string): boolean {
  if (libc.umount2(directory, MNT_DETACH) === 0) return true;
  if (["EINVAL", "ENOENT"].includes(errnoName(errno()))) return false;
  check(-1, `umount ${directory}`);
  return false;
}

export function isBpffs(directory: string): boolean {
  try {
    return statfsSync(directory).type === BPF_FS_MAGIC;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}
