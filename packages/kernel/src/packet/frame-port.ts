import { check, errnoName, lastError } from "../libc/errno.ts";
import type { Fd } from "../libc/fd.ts";
import { addressOf, errno, libc } from "../libc/libc.ts";
import { inNamespace } from "../namespace/in-namespace.ts";
import { SOL_SOCKET } from "../netlink/constants.ts";
import { openPacketSocket } from "./packet-socket.ts";

const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
const FRAME_BYTES = 2048;
/** BPF_LD | BPF_ABS for one byte and for two, BPF_JEQ, BPF_RET. */
const [LOAD_8, LOAD_16, JUMP_IF_EQUAL, RETURN] = [0x30, 0x28, 0x15, 0x06];
/** What a link that is going says; frames may pass again later. */
const NOT_NOW: ReadonlySet<string> = new Set(["ENOBUFS", "EAGAIN", "ENETDOWN", "EINTR"]);

export interface FramePortOptions {
  readonly ethertype: number;
  /** Name or path; the thread's own namespace unless given. */
  readonly netns?: string;
  /** Of what comes in, frames alone that have this value of one or two bytes at this place (the tag is no part of them). */
  readonly only?: { readonly at: number; readonly bytes: 1 | 2; readonly value: number };
}

/**
 * Sends frames of one Ethernet type out of a link, past its queues, and takes those of the type that come in by it
 * and that no program of GONA's has taken. For callers that look by themselves: nobody is woken.
 */
export class FramePort implements Disposable {
  readonly #fd: Fd;
  readonly #link: string;
  readonly #buffer = Buffer.alloc(FRAME_BYTES);

  private constructor(fd: Fd, link: string) {
    this.#fd = fd;
    this.#link = link;
  }

  /** Throws KernelError: ENODEV, EPERM without CAP_NET_RAW. */
  static open(link: string, { ethertype, netns, only }: FramePortOptions): FramePort {
    const open = () => openPacketSocket(link, ethertype);
    const fd = netns === undefined ? open() : inNamespace(netns, open);
    try {
      setOption(fd, SOL_PACKET, PACKET_QDISC_BYPASS, Buffer.from([1, 0, 0, 0]));
      if (only !== undefined) attachFilter(fd, only);
      return new FramePort(fd, link);
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  /** False where the driver or the link takes nothing now. Throws KernelError for a link that is gone. */
  send(frame: Uint8Array): boolean {
    if (libc.sendto(this.#fd.number, frame, frame.length, 0, null, 0) >= 0) return true;
    if (NOT_NOW.has(errnoName(errno()))) return false;
    throw lastError(`send frame ${this.#link}`);
  }

  /** All that came in and was not taken before; tags are taken off. Throws KernelError for a link that is gone. */
  take(): readonly Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (;;) {
      const length = libc.recv(this.#fd.number, this.#buffer, this.#buffer.length, 0);
      if (length >= 0) {
        frames.push(Uint8Array.from(this.#buffer.subarray(0, length)));
        continue;
      }
      const name = errnoName(errno());
      if (name === "EAGAIN") return frames;
      // ENETDOWN is said once, when the link goes down.
      if (!NOT_NOW.has(name)) throw lastError(`receive frames ${this.#link}`);
    }
  }

  [Symbol.dispose](): void {
    this.#fd.close();
  }
}

function setOption(fd: Fd, level: number, option: number, value: Uint8Array): void {
  check(libc.setsockopt(fd.number, level, option, value, value.length), `setsockopt AF_PACKET ${option}`);
}

/** struct sock_filter: u16 code, u8 jump if true, u8 jump if false, u32 operand; struct sock_fprog: u16 count, pointer. */
function attachFilter(fd: Fd, { at, bytes, value }: NonNullable<FramePortOptions["only"]>): void {
  const program = [
    [bytes === 1 ? LOAD_8 : LOAD_16, 0, 0, at],
    [JUMP_IF_EQUAL, 0, 1, value],
    [RETURN, 0, 0, FRAME_BYTES],
    [RETURN, 0, 0, 0],
  ] as const;
  const code = Buffer.alloc(8 * program.length);
  for (const [index, [operation, ifTrue, ifFalse, operand]] of program.entries()) {
    code.writeUInt16LE(operation, 8 * index);
    code.writeUInt8(ifTrue, 8 * index + 2);
    code.writeUInt8(ifFalse, 8 * index + 3);
    code.writeUInt32LE(operand, 8 * index + 4);
  }
  const header = Buffer.alloc(16);
  header.writeUInt16LE(program.length, 0);
  header.writeBigUInt64LE(addressOf(code), 8);
  setOption(fd, SOL_SOCKET, SO_ATTACH_FILTER, header);
}
