import { KernelError } from "../kernel-error.ts";
import { check } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { libc } from "../libc/libc.ts";
import { linkIndex } from "../linux/link-index.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from "../netlink/constants.ts";

const AF_PACKET = 17;

/**
 * An AF_PACKET socket bound to a link of the thread's namespace. `protocol` in host order; 0
 * receives nothing. Throws KernelError.
 */
export function openPacketSocket(link: string, protocol: number): Fd {
  const flags = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const fd = new Fd(check(libc.socket(AF_PACKET, flags, 0), "socket AF_PACKET"));
  try {
    const ifindex = linkIndex(fd.number, link);
    if (ifindex === 0) throw new KernelError(`bind AF_PACKET ${link}`, "ENODEV", "No such device");
    // struct sockaddr_ll
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16BE(protocol, 2);
    address.writeInt32LE(ifindex, 4);
    check(libc.bind(fd.number, address, address.length), `bind AF_PACKET ${link}`);
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}
