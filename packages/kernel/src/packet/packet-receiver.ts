import { check, errnoName, lastError } from "../libc/errno.ts";
import type { Fd } from "../libc/fd.ts";
import { FdWatcher } from "../libc/fd-watcher.ts";
import { addressOf, errno, libc } from "../libc/libc.ts";
import { inNamespace } from "../namespace/in-namespace.ts";
import { ETH_P_ALL } from "../netlink/constants.ts";
import { openPacketSocket } from "./packet-socket.ts";

const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
/** Some 5,000 small frames: a burst, while this process waits for a CPU. The usual size holds 270. */
const RECEIVE_BYTES = 4 << 20;
const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
const PACKET_IGNORE_OUTGOING = 23;
const TP_STATUS_VLAN_VALID = 1 << 4;
/** Larger than any GSO packet. */
const FRAME_BYTES = 1 << 18;

/** Sees every frame that comes in by a link, VLAN tags and all; for tests and probes. */
export class PacketReceiver implements Disposable {
  readonly #fd: Fd;
  readonly #link: string;
  readonly #watch: FdWatcher;
  readonly #waiting: Uint8Array[] = [];
  readonly #buffer = Buffer.alloc(FRAME_BYTES);
  readonly #control = Buffer.alloc(64);
  readonly #vector = Buffer.alloc(16);
  readonly #header = Buffer.alloc(56);
  #wake: (() => void) | undefined;

  private constructor(fd: Fd, link: string) {
    this.#fd = fd;
    this.#link = link;
    this.#vector.writeBigUInt64LE(addressOf(this.#buffer), 0);
    this.#vector.writeBigUInt64LE(BigInt(FRAME_BYTES), 8);
    this.#watch = new FdWatcher(fd.number, () => {
      this.#readAll();
      this.#wake?.();
    });
  }

  /** Name or path of a namespace; the thread's own unless given. Throws KernelError. */
  static open(link: string, netns?: string): PacketReceiver {
    const open = () => openPacketSocket(link, ETH_P_ALL);
    const fd = netns === undefined ? open() : inNamespace(netns, open);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(RECEIVE_BYTES);
    check(libc.setsockopt(fd.number, SOL_SOCKET, SO_RCVBUFFORCE, bytes, 4), "setsockopt SO_RCVBUFFORCE");
    for (const option of [PACKET_AUXDATA, PACKET_IGNORE_OUTGOING]) {
      const one = Buffer.from([1, 0, 0, 0]);
      check(libc.setsockopt(fd.number, SOL_PACKET, option, one, 4), `setsockopt AF_PACKET ${option}`);
    }
    return new PacketReceiver(fd, link);
  }

  /** The frames that have come in and were not handed out. */
  take(): readonly Uint8Array[] {
    this.#readAll();
    return this.#waiting.splice(0);
  }

  /**
   * The first frame that `matches`, those before it thrown away. Undefined when none has come by
   * the deadline.
   */
  async next(matches: (frame: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array | undefined> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      this.#readAll();
      for (let frame = this.#waiting.shift(); frame !== undefined; frame = this.#waiting.shift()) {
        if (matches(frame)) return frame;
      }
      const left = deadline - performance.now();
      if (left <= 0) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, left);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#fd.close();
  }

  #readAll(): void {
    for (;;) {
      // struct msghdr: iov at 16, its count at 24, control at 32, its length at 40; the kernel writes the last.
      this.#header.writeBigUInt64LE(addressOf(this.#vector), 16);
      this.#header.writeBigUInt64LE(1n, 24);
      this.#header.writeBigUInt64LE(addressOf(this.#control), 32);
      this.#header.writeBigUInt64LE(BigInt(this.#control.length), 40);
      const length = libc.recvmsg(this.#fd.number, this.#header, 0);
      if (length >= 0) {
        this.#waiting.push(this.#frame(length));
        continue;
      }
      const name = errnoName(errno());
      if (name === "EAGAIN") return;
      // ENETDOWN is reported once when the link goes down; frames may come again.
      if (name !== "EINTR" && name !== "ENETDOWN") throw lastError(`receive frames ${this.#link}`);
    }
  }

  /** The kernel takes the outer VLAN tag out of the frame; it is put back here. */
  #frame(length: number): Uint8Array {
    const frame = this.#buffer.subarray(0, length);
    const controlLength = Number(this.#header.readBigUInt64LE(40));
    // struct cmsghdr (16 bytes), then struct tpacket_auxdata
    const tagged = controlLength >= 36 && (this.#control.readUInt32LE(16) & TP_STATUS_VLAN_VALID) !== 0;
    if (!tagged) return Uint8Array.from(frame);
    const tag = Buffer.alloc(4);
    tag.writeUInt16BE(this.#control.readUInt16LE(34) || 0x8100, 0);
    tag.writeUInt16BE(this.#control.readUInt16LE(32), 2);
    return new Uint8Array(Buffer.concat([frame.subarray(0, 12), tag, frame.subarray(12)]));
  }
}
