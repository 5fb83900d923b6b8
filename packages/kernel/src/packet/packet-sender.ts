import { check, errnoName, lastError } from "../libc/errno.ts";
import type { Fd } from "../libc/fd.ts";
import { addressOf, errno, libc } from "../libc/libc.ts";
import { inNamespace } from "../namespace/in-namespace.ts";
import { SOL_SOCKET } from "../netlink/constants.ts";
import { openPacketSocket } from "./packet-socket.ts";

const SO_PRIORITY = 12;
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
/** struct mmsghdr and struct iovec, one of each for a frame. */
const HEADER_BYTES = 64;
const VECTOR_BYTES = 16;
/** Frames that one system call takes at most (UIO_MAXIOV). */
const MOST_FRAMES = 1024;

export interface PacketSenderOptions {
  /** Name or path; the thread's own namespace unless given. */
  readonly netns?: string;
  /** skb->priority: the HTB class that the frames leave by. */
  readonly priority?: number;
  /** Past the queues, straight to the driver. */
  readonly bypassQueues?: boolean;
}

/** Sends whole Ethernet frames out of a link. */
export class PacketSender implements Disposable {
  readonly #fd: Fd;
  readonly #link: string;

  private constructor(fd: Fd, link: string) {
    this.#fd = fd;
    this.#link = link;
  }

  /** Throws KernelError: ENODEV, EPERM without CAP_NET_RAW. */
  static open(link: string, options: PacketSenderOptions = {}): PacketSender {
    const open = () => openPacketSocket(link, 0);
    const fd = options.netns === undefined ? open() : inNamespace(options.netns, open);
    try {
      if (options.priority !== undefined) setOption(fd, SOL_SOCKET, SO_PRIORITY, options.priority);
      if (options.bypassQueues === true) setOption(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
      return new PacketSender(fd, link);
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  /** Throws KernelError: ENETDOWN, EMSGSIZE, ENOBUFS when the queue is full. */
  send(frame: Uint8Array): void {
    check(libc.sendto(this.#fd.number, frame, frame.length, 0, null, 0), `send frame ${this.#link}`);
  }

  /** As many frames as possible in each system call. Returns how many left before the first refusal. Throws when none did. */
  sendBatch(frames: readonly Uint8Array[]): number {
    let sent = 0;
    while (sent < frames.length) {
      const part = frames.slice(sent, sent + MOST_FRAMES);
      const headers = messages(part);
      const count = libc.sendmmsg(this.#fd.number, headers, part.length, 0);
      if (count < 0) {
        if (errnoName(errno()) === "EINTR") continue;
        if (sent === 0) throw lastError(`send frames ${this.#link}`);
        return sent;
      }
      sent += count;
      if (count < part.length) return sent;
    }
    return sent;
  }

  [Symbol.dispose](): void {
    this.#fd.close();
  }
}

/** The headers, and behind them in the same memory what they point to: I/O vectors and frames. */
function messages(frames: readonly Uint8Array[]): Buffer {
  const perFrame = HEADER_BYTES + VECTOR_BYTES;
  const head = Buffer.alloc(frames.length * perFrame);
  const all = Buffer.concat([head, ...frames]);
  const address = addressOf(all);
  let frameAt = head.length;
  frames.forEach((frame, place) => {
    const headerAt = place * HEADER_BYTES;
    const vectorAt = frames.length * HEADER_BYTES + place * VECTOR_BYTES;
    // struct msghdr: iov at 16, its count at 24
    all.writeBigUInt64LE(address + BigInt(vectorAt), headerAt + 16);
    all.writeBigUInt64LE(1n, headerAt + 24);
    all.writeBigUInt64LE(address + BigInt(frameAt), vectorAt);
    all.writeBigUInt64LE(BigInt(frame.length), vectorAt + 8);
    frameAt += frame.length;
  });
  return all;
}

function setOption(fd: Fd, level: number, option: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  check(libc.setsockopt(fd.number, level, option, bytes, 4), `setsockopt AF_PACKET ${option}`);
}
