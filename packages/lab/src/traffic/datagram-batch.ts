import { addressOf, errno, errnoName, type Fd, KernelError, libc } from "@gona/kernel";

/** Datagrams read by one system call. */
const BATCH = 128;
/** Enough for the header; the rest of a datagram is cut off. */
const DATA_BYTES = 64;
/** CMSG_SPACE of a struct timespec. */
const CONTROL_BYTES = 32;
/** struct mmsghdr, struct iovec. */
const HEADER_BYTES = 64;
const IOVEC_BYTES = 16;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const SCM_TIMESTAMPNS = 35;

/** recvmmsg with the kernel's time of arrival for each datagram; buffers are made once. */
export class DatagramBatch {
  readonly data = new Uint8Array(BATCH * DATA_BYTES);
  readonly view = new DataView(this.data.buffer);
  readonly #control = new Uint8Array(BATCH * CONTROL_BYTES);
  readonly #controlView = new DataView(this.#control.buffer);
  readonly #iovecs = new Uint8Array(BATCH * IOVEC_BYTES);
  readonly #headers = new Uint8Array(BATCH * HEADER_BYTES);
  readonly #headerView = new DataView(this.#headers.buffer);

  constructor() {
    const iovecs = new DataView(this.#iovecs.buffer);
    const [data, control, vectors] = [addressOf(this.data), addressOf(this.#control), addressOf(this.#iovecs)];
    for (let index = 0; index < BATCH; index++) {
      iovecs.setBigUint64(index * IOVEC_BYTES, data + BigInt(index * DATA_BYTES), true);
      iovecs.setBigUint64(index * IOVEC_BYTES + 8, BigInt(DATA_BYTES), true);
      const header = index * HEADER_BYTES;
      this.#headerView.setBigUint64(header + 16, vectors + BigInt(index * IOVEC_BYTES), true);
      this.#headerView.setBigUint64(header + 24, 1n, true);
      this.#headerView.setBigUint64(header + 32, control + BigInt(index * CONTROL_BYTES), true);
    }
  }

  /** Reads what has come, without waiting; returns how many. Throws KernelError. */
  receive(socket: Fd): number {
    for (let index = 0; index < BATCH; index++) {
      // The kernel wrote the length that it used over the length that there is.
      this.#headerView.setUint32(index * HEADER_BYTES + 40, CONTROL_BYTES, true);
    }
    const count = libc.recvmmsg(socket.number, this.#headers, BATCH, MSG_DONTWAIT | MSG_TRUNC, null);
    if (count >= 0) return count;
    const reason = errnoName(errno());
    // ECONNREFUSED: an ICMP error for something sent earlier; it is no datagram.
    if (reason === "EAGAIN" || reason === "EINTR" || reason === "ECONNREFUSED") return 0;
    throw new KernelError("recvmmsg", reason, "");
  }

  /** Where datagram `index` begins in `view`. */
  offset = (index: number): number => index * DATA_BYTES;
  /** Its whole length on the wire, UDP payload. */
  length = (index: number): number => this.#headerView.getUint32(index * HEADER_BYTES + 56, true);

  /** CLOCK_REALTIME of its arrival, nanoseconds since `second`. */
  arrivedSince(index: number, second: number): number {
    const at = index * CONTROL_BYTES;
    if (this.#controlView.getInt32(at + 12, true) !== SCM_TIMESTAMPNS) return 0;
    return (this.#controlView.getUint32(at + 16, true) - second) * 1e9 + this.#controlView.getUint32(at + 24, true);
  }
}
