import { GonaError } from "@gona/model/gona-error";
import { KernelError } from "../kernel-error.ts";
import { errnoName, errnoWords } from "../libc/errno.ts";

/** What a failed BPF call means to the user: a missing capability or feature, or the kernel's refusal. */
export function bpfError(operation: string, negativeErrno: number): GonaError {
  const errno = errnoName(-negativeErrno);
  if (errno === "EPERM" || errno === "EACCES") {
    return new GonaError("NO_CAPABILITY", `${operation}: ${errno}; root, or CAP_BPF with CAP_NET_ADMIN, is needed`);
  }
  if (errno === "ENOSYS") {
    return new GonaError("NO_KERNEL_FEATURE", `${operation}: ${errno}; the kernel is built without BPF`);
  }
  return new KernelError(operation, errno, errnoWords(-negativeErrno));
}

/** Throws bpfError where `result` is negative, else returns it. */
export function checked(operation: string, result: number): number {
  if (result < 0) throw bpfError(operation, result);
  return result;
}
