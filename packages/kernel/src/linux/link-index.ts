import { libc } from "../libc/libc.ts";

const SIOCGIFINDEX = 0x8933;
const SIOCGIFNAME = 0x8910;
/** struct ifreq: a name of 16 bytes, then a union. */
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;

/** Ifindex of a link in the namespace of socket `fd`, 0 where there is none: a microsecond, never stale. */
export function linkIndex(fd: number, name: string): number {
  // A longer name would be cut to that of another link.
  if (Buffer.byteLength(name) >= NAME_BYTES) return 0;
  const request = Buffer.alloc(IFREQ_BYTES);
  request.write(name, 0);
  return libc.ioctl(fd, SIOCGIFINDEX, request) < 0 ? 0 : request.readInt32LE(NAME_BYTES);
}

/** Name of a link in the namespace of socket `fd`; undefined where there is none. */
export function linkName(fd: number, ifindex: number): string | undefined {
  const request = Buffer.alloc(IFREQ_BYTES);
  request.writeInt32LE(ifindex, NAME_BYTES);
  if (libc.ioctl(fd, SIOCGIFNAME, request) < 0) return undefined;
  return request.toString("utf8", 0, request.indexOf(0));
}
