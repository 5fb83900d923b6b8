import { check } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { libc } from "../libc/libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;

/**
 * Tells the service manager how this process stands (`READY=1`, sd_notify(3)). False where nobody
 * asked to be told. Throws KernelError when the manager's socket cannot be reached.
 */
export function notifyManager(state: string, socket = process.env.NOTIFY_SOCKET): boolean {
  if (socket === undefined || socket === "") return false;
  using fd = new Fd(check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket AF_UNIX"));
  const message = Buffer.from(state);
  const address = unixAddress(socket);
  check(libc.sendto(fd.number, message, message.length, 0, address, address.length), `notify ${socket}`);
  return true;
}

/** struct sockaddr_un; a leading `@` stands for the abstract namespace's NUL. */
export function unixAddress(path: string): Uint8Array {
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, Buffer.from(path.replace(/^@/, "\0"))]);
}
