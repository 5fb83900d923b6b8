import { check, errno, errnoName, Fd, inNamespace, KernelError, libc } from "@gona/kernel";
import { socketAddress } from "../../traffic/udp-socket.ts";
import type { LoadSource } from "./load-plan.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_LINGER = 13;
const SO_BINDTODEVICE = 25;
const SO_RCVBUFFORCE = 33;
const SO_MAX_PACING_RATE = 47;
const IPPROTO_TCP = 6;
const TCP_CONGESTION = 13;
const IPPROTO_IP = 0;
const IP_BIND_ADDRESS_NO_PORT = 24;

const familyOf = (address: string): number => (address.includes(":") ? AF_INET6 : AF_INET);
const int32 = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

function option(fd: number, level: number, name: number, value: Uint8Array, what: string): void {
  check(libc.setsockopt(fd, level, name, value, value.length), `setsockopt ${what}`);
}

/** One connected socket for each flow of a source. TCP has shaken hands by then. Throws KernelError. */
export const openFlows = (source: LoadSource): Fd[] =>
  inNamespace(source.netns, () => Array.from({ length: source.flows }, (_, flow) => openFlow(source, flow)));

function openFlow(source: LoadSource, flow: number): Fd {
  const type = source.kind === "tcp" ? SOCK_STREAM : SOCK_DGRAM;
  const fd = new Fd(check(libc.socket(familyOf(source.to), type | SOCK_CLOEXEC, 0), "socket"));
  const { number } = fd;
  if (source.link !== undefined)
    option(number, SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(`${source.link}\0`), "SO_BINDTODEVICE");
  option(number, SOL_SOCKET, SO_REUSEADDR, int32(1), "SO_REUSEADDR");
  if (source.kind === "tcp") {
    option(number, IPPROTO_TCP, TCP_CONGESTION, Buffer.from(source.congestion), `TCP_CONGESTION ${source.congestion}`);
    if (source.paceBitsPerSecond !== undefined) {
      const bytesPerSecond = new Uint8Array(BigUint64Array.of(BigInt(Math.round(source.paceBitsPerSecond / 8))).buffer);
      option(number, SOL_SOCKET, SO_MAX_PACING_RATE, bytesPerSecond, "SO_MAX_PACING_RATE");
    }
    // What still waits in the socket when the load ends must not go on for minutes.
    option(number, SOL_SOCKET, SO_LINGER, int32(1, 0), "SO_LINGER");
  }
  if (source.fromPort === undefined) option(number, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, int32(1), "NO_PORT");
  const own = socketAddress(source.from, source.fromPort === undefined ? 0 : source.fromPort + flow);
  check(libc.bind(number, own, own.length), `bind ${source.from}`);
  const peer = socketAddress(source.to, source.port);
  check(libc.connect(number, peer, peer.length), `connect ${source.to} port ${source.port} from ${source.from}`);
  return fd;
}

/** A TCP listener, and a UDP socket that is never read: what comes is dropped at the socket. Throws KernelError. */
export function openSink(netns: string, address: string, port: number): { listener: Fd; datagrams: Fd } {
  const own = socketAddress(address, port);
  return inNamespace(netns, () => {
    const open = (type: number, what: string): Fd => {
      const fd = new Fd(check(libc.socket(familyOf(address), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
      option(fd.number, SOL_SOCKET, SO_REUSEADDR, int32(1), "SO_REUSEADDR");
      check(libc.bind(fd.number, own, own.length), `bind ${what} ${address} port ${port}`);
      return fd;
    };
    const listener = open(SOCK_STREAM, "tcp");
    check(libc.listen(listener.number, 4096), "listen");
    const datagrams = open(SOCK_DGRAM, "udp");
    option(datagrams.number, SOL_SOCKET, SO_RCVBUFFORCE, int32(2048), "SO_RCVBUFFORCE");
    return { listener, datagrams };
  });
}

/** A connection that waits, or undefined. Throws KernelError. */
export function acceptOne(listener: Fd): Fd | undefined {
  const number = libc.accept4(listener.number, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (number >= 0) return new Fd(number);
  const reason = errnoName(errno());
  if (reason === "EAGAIN" || reason === "ECONNABORTED" || reason === "EINTR") return undefined;
  throw new KernelError("accept4", reason, "");
}
