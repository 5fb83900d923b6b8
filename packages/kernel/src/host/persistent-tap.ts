import { existsSync, writeFileSync } from "node:fs";
import { check } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { libc } from "../libc/libc.ts";

/** linux/if_tun.h and if.h. */
const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const O_RDWR = 2;
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;

/**
 * Makes a tap of one queue in the calling thread's namespace that stays when nobody holds it; one that is there stays as
 * it is. A hypervisor that opens it gives it its carrier, and takes it along when it dies. Throws KernelError; EBUSY:
 * somebody holds it. `quiet`: the kernel itself never speaks IPv6 on it.
 */
export function makePersistentTap(name: string, { quiet = false } = {}): void {
  const request = Buffer.alloc(IFREQ_BYTES);
  request.write(name, 0, NAME_BYTES - 1, "latin1");
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, NAME_BYTES);
  using tun = Fd.open("/dev/net/tun", O_RDWR);
  check(libc.ioctl(tun.number, TUNSETIFF, request), `TUNSETIFF ${name}`);
  check(libc.syscall(SYS_IOCTL[process.arch] ?? 16, tun.number, TUNSETPERSIST, 1), `TUNSETPERSIST ${name}`);
  const ipv6 = `/proc/sys/net/ipv6/conf/${name}/disable_ipv6`;
  if (quiet && existsSync(ipv6)) writeFileSync(ipv6, "1");
}

/** The argument of TUNSETPERSIST is a number and no pointer, which only syscall(2) can say here. */
const SYS_IOCTL: Readonly<Record<string, number>> = { x64: 16, arm64: 29 };
