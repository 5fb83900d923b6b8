import { check } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { libc } from "../libc/libc.ts";

/** The same on every processor that came after them. */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;

/**
 * A duplicate of another process's descriptor, for the same open file (Linux 5.6). Throws KernelError:
 * ESRCH or EBADF when the process or its descriptor is gone, EPERM without CAP_SYS_PTRACE.
 */
export function foreignFd(pid: number, fd: number): Fd {
  using process = new Fd(check(libc.syscall(SYS_PIDFD_OPEN, pid, 0, 0), `pidfd_open ${pid}`));
  return new Fd(check(libc.syscall(SYS_PIDFD_GETFD, process.number, fd, 0), `pidfd_getfd ${pid} ${fd}`));
}
