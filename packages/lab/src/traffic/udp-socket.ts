import { check, Fd, libc } from "@gona/kernel";
import { addressBytesOf } from "./socket-address.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const SOL_SOCKET = 1;
const SO_TIMESTAMPNS = 35;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const BUFFER_BYTES = 8 << 20;

const familyOf = (address: string): number => (address.includes(":") ? AF_INET6 : AF_INET);
const int32 = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);

/** struct sockaddr_in or sockaddr_in6. */
export function socketAddress(address: string, port: number): Uint8Array {
  const six = familyOf(address) === AF_INET6;
  const bytes = new Uint8Array(six ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, familyOf(address), true);
  view.setUint16(2, port);
  bytes.set(addressBytesOf(address), six ? 8 : 4);
  return bytes;
}

/** A UDP socket with room for a second of traffic at 20,000 datagrams/s. Throws KernelError. */
export function openUdp(family: string, bindTo?: { readonly address: string; readonly port: number }): Fd {
  const fd = new Fd(check(libc.socket(familyOf(family), SOCK_DGRAM_CLOEXEC, 0), "socket udp"));
  check(libc.setsockopt(fd.number, SOL_SOCKET, SO_SNDBUFFORCE, int32(BUFFER_BYTES), 4), "setsockopt SO_SNDBUFFORCE");
  check(libc.setsockopt(fd.number, SOL_SOCKET, SO_RCVBUFFORCE, int32(BUFFER_BYTES), 4), "setsockopt SO_RCVBUFFORCE");
  if (bindTo !== undefined) {
    const address = socketAddress(bindTo.address, bindTo.port);
    check(libc.bind(fd.number, address, address.length), `bind ${bindTo.address} port ${bindTo.port}`);
  }
  return fd;
}

/** The kernel's own time stamp with each datagram: when it arrived, not when we read it. */
export function stampArrivals(fd: Fd): void {
  check(libc.setsockopt(fd.number, SOL_SOCKET, SO_TIMESTAMPNS, int32(1), 4), "setsockopt SO_TIMESTAMPNS");
}
