import { fstatSync, readFileSync } from "node:fs";
import { check } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { libc } from "../libc/libc.ts";

/** linux/if_tun.h. */
const TUNGETIFF = 0x800454d2;
const TUNGETSNDBUF = 0x800454d3;
const TUNSETSNDBUF = 0x400454d4;
const TUNGETDEVNETNS = 0x54e3;
/** The same on x86-64 and arm64. */
const O_NONBLOCK = 0o4000;
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;

/** One open file of /dev/net/tun that is attached to a tap: a queue of it. */
export class TapQueue implements Disposable {
  readonly #fd: Fd;

  constructor(fd: Fd) {
    this.#fd = fd;
  }

  /**
   * Whether it belongs to the tap of that name in the network namespace with that inode number: names are
   * not unique on a machine. Throws KernelError; EBADFD: attached to nothing.
   */
  isOf(tap: string, namespaceInode: number): boolean {
    const request = Buffer.alloc(IFREQ_BYTES);
    check(libc.ioctl(this.#fd.number, TUNGETIFF, request), `TUNGETIFF ${tap}`);
    if (request.toString("latin1", 0, NAME_BYTES).replace(/\0.*$/s, "") !== tap) return false;
    const asked = libc.ioctl(this.#fd.number, TUNGETDEVNETNS, request);
    using netns = new Fd(check(asked, `TUNGETDEVNETNS ${tap}`));
    return fstatSync(netns.number).ino === namespaceInode;
  }

  /**
   * Whether its holder waits by itself (O_NONBLOCK and poll), as hypervisors do. One that lets the kernel wait must
   * not get a limit: it would wait for ever, since the kernel clears SOCKWQ_ASYNC_NOSPACE before it sleeps, without
   * which tun_sock_write_space wakes nobody (seen on 6.18).
   */
  get nonBlocking(): boolean {
    const flags = /^flags:\t([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${this.#fd.number}`, "utf8"))?.[1] ?? "0";
    return (Number.parseInt(flags, 8) & O_NONBLOCK) !== 0;
  }

  /** What may be under way below the tap before its holder has to wait, as the kernel counts memory. Throws KernelError. */
  get sendBufferBytes(): number {
    const value = Buffer.alloc(4);
    check(libc.ioctl(this.#fd.number, TUNGETSNDBUF, value), "TUNGETSNDBUF");
    return value.readInt32LE(0);
  }

  /** Of all queues of the tap. Throws KernelError. */
  limit(sendBufferBytes: number): void {
    const value = Buffer.alloc(4);
    value.writeInt32LE(sendBufferBytes, 0);
    check(libc.ioctl(this.#fd.number, TUNSETSNDBUF, value), `TUNSETSNDBUF ${sendBufferBytes}`);
  }

  [Symbol.dispose](): void {
    this.#fd.close();
  }
}
