import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { KernelError } from "../kernel-error.ts";
import { check } from "../libc/errno.ts";
import { libc } from "../libc/libc.ts";
import { foreignFd } from "./foreign-fd.ts";

/** linux/if_tun.h. */
const TUNSETCARRIER = 0x400454e2;

/**
 * Gives taps that a process holds their carrier, or takes it: the packet path then takes each for dead or alive. Only
 * whoever holds a tap may, so the descriptors are duplicated for the moment (root and CAP_SYS_PTRACE), which works on a
 * stopped process too. Without `carriers`, none of its taps has one. Taps that it does not hold stay as they are: those of a process that is gone have no carrier.
 * Throws KernelError.
 */
export function setTapCarriers(pid: number, carriers?: ReadonlyMap<string, boolean>): void {
  for (const { tap, fd } of heldTaps(pid)) {
    const carrier = carriers === undefined ? false : carriers.get(tap);
    if (carrier === undefined) continue;
    const value = Buffer.alloc(4);
    value.writeInt32LE(carrier ? 1 : 0, 0);
    try {
      using queue = foreignFd(pid, fd);
      check(libc.ioctl(queue.number, TUNSETCARRIER, value), `TUNSETCARRIER ${tap}`);
    } catch (error) {
      // It ended, or let go of the tap, since the look.
      if (error instanceof KernelError && ["ESRCH", "EBADF", "EBADFD"].includes(error.errno)) continue;
      throw error;
    }
  }
}

function heldTaps(pid: number): { tap: string; fd: number }[] {
  const folder = `/proc/${pid}/fd`;
  const fds = orNothing(() => readdirSync(folder)) ?? [];
  return fds.flatMap((fd) => {
    const target = orNothing(() => readlinkSync(`${folder}/${fd}`));
    if (target?.endsWith("/net/tun") !== true) return [];
    const info = orNothing(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"));
    const tap = /^iff:\t(.+)$/m.exec(info ?? "")?.[1];
    return tap === undefined ? [] : [{ tap, fd: Number(fd) }];
  });
}

function orNothing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined; // closed or ended meanwhile
  }
}
