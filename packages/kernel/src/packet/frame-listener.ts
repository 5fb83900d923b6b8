import { check, errnoName, lastError } from "../libc/errno.ts";
import type { Fd } from "../libc/fd.ts";
import { FdWatcher } from "../libc/fd-watcher.ts";
import { errno, libc } from "../libc/libc.ts";
import { linkIndex } from "../linux/link-index.ts";
import { openPacketSocket } from "./packet-socket.ts";

const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_MULTICAST = 0;
const MOST_BYTES = 2048;
const ENDED: ReadonlySet<string> = new Set(["EAGAIN", "ENXIO", "ENODEV"]);

export interface FrameFilter {
  readonly etherType: number;
  /** A group address that the NIC is to let through. */
  readonly group?: readonly number[];
}

/** Hands over each frame of one EtherType that comes in by a link of the thread's namespace. */
export class FrameListener implements Disposable {
  readonly #fd: Fd;
  readonly #watch: FdWatcher;

  private constructor(fd: Fd, link: string, onFrame: (frame: Uint8Array) => void) {
    this.#fd = fd;
    const buffer = Buffer.alloc(MOST_BYTES);
    this.#watch = new FdWatcher(fd.number, () => {
      for (;;) {
        const length = libc.recv(fd.number, buffer, buffer.length, 0);
        if (length >= 0) {
          onFrame(Uint8Array.from(buffer.subarray(0, length)));
          continue;
        }
        const name = errnoName(errno());
        // The link went; whoever follows links closes this.
        if (ENDED.has(name)) return;
        // ENETDOWN is reported once when the link goes down; frames may come again.
        if (name !== "EINTR" && name !== "ENETDOWN") throw lastError(`receive frames ${link}`);
      }
    });
  }

  /** Frames longer than 2,048 bytes are cut. Throws KernelError: ENODEV, EPERM without CAP_NET_RAW. */
  static open(link: string, { etherType, group }: FrameFilter, onFrame: (frame: Uint8Array) => void): FrameListener {
    const fd = openPacketSocket(link, etherType);
    try {
      const one = Buffer.from([1, 0, 0, 0]);
      check(
        libc.setsockopt(fd.number, SOL_PACKET, PACKET_IGNORE_OUTGOING, one, 4),
        "setsockopt PACKET_IGNORE_OUTGOING",
      );
      if (group !== undefined) join(fd, link, group);
      return new FrameListener(fd, link, onFrame);
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#fd.close();
  }
}

function join(fd: Fd, link: string, group: readonly number[]): void {
  // struct packet_mreq
  const request = Buffer.alloc(16);
  request.writeInt32LE(linkIndex(fd.number, link), 0);
  request.writeUInt16LE(PACKET_MR_MULTICAST, 4);
  request.writeUInt16LE(group.length, 6);
  request.set(group, 8);
  const made = libc.setsockopt(fd.number, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, request.length);
  check(made, `join group ${link}`);
}
