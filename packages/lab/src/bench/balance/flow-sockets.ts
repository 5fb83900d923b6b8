import { check, errno, errnoName, Fd, inNamespace, KernelError, libc } from "@gona/kernel";
import { socketAddress } from "../../traffic/udp-socket.ts";

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

const int32 = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

function option(fd: Fd, level: number, name: number, value: Uint8Array): void {
  check(libc.setsockopt(fd.number, level, name, value, value.length), "setsockopt");
}

function open(netns: string, type: number): Fd {
  return inNamespace(
    netns,
    () => new Fd(check(libc.socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket")),
  );
}

/** Opens sockets in a namespace that this thread stays in: going there for each flow would cost more than the flow. */
export class FlowSockets {
  readonly #from: string;
  readonly #peer: Uint8Array;

  constructor(from: string, to: string, port: number) {
    this.#from = from;
    this.#peer = socketAddress(to, port);
  }

  /** A connection whose handshake is under way. Its end leaves nothing behind (TIME_WAIT would use up the ports). Throws KernelError. */
  connect(fromPort: number): Fd {
    const fd = new Fd(check(libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
    option(fd, SOL_SOCKET, SO_REUSEADDR, int32(1));
    option(fd, SOL_SOCKET, SO_LINGER, int32(1, 0));
    // The last part of a flow is not to wait for the acknowledgement of the one before.
    option(fd, IPPROTO_TCP, TCP_NODELAY, int32(1));
    const own = socketAddress(this.#from, fromPort);
    check(libc.bind(fd.number, own, own.length), `bind ${this.#from} port ${fromPort}`);
    if (libc.connect(fd.number, this.#peer, this.#peer.length) < 0 && errnoName(errno()) !== "EINPROGRESS")
      throw new KernelError("connect", errnoName(errno()), `from port ${fromPort}`);
    return fd;
  }

  /** A connected UDP socket. Throws KernelError. */
  datagrams(fromPort: number): Fd {
    const fd = new Fd(check(libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
    const own = socketAddress(this.#from, fromPort);
    check(libc.bind(fd.number, own, own.length), `bind ${this.#from} port ${fromPort}`);
    check(libc.connect(fd.number, this.#peer, this.#peer.length), "connect");
    return fd;
  }
}

/** A TCP listener that does not block. Throws KernelError. */
export function listen(netns: string, address: string, port: number): Fd {
  const fd = open(netns, SOCK_STREAM);
  option(fd, SOL_SOCKET, SO_REUSEADDR, int32(1));
  const own = socketAddress(address, port);
  check(libc.bind(fd.number, own, own.length), `bind ${address} port ${port}`);
  check(libc.listen(fd.number, 4096), "listen");
  return fd;
}

/** A UDP socket that is never read: so that no ICMP answers datagrams. Throws KernelError. */
export function swallow(netns: string, address: string, port: number): Fd {
  const fd = open(netns, SOCK_DGRAM);
  const own = socketAddress(address, port);
  check(libc.bind(fd.number, own, own.length), `bind udp ${address} port ${port}`);
  return fd;
}
