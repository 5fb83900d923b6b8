import { errnoName, lastError } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { errno, libc } from "../libc/libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;

/**
 * A name that one process holds in a network namespace, whatever files and mounts it sees: an
 * abstract unix socket, whose names are per namespace. The kernel takes it back with the process.
 */
export class NamespaceLock implements Disposable {
  readonly #fd: Fd;

  private constructor(fd: Fd) {
    this.#fd = fd;
  }

  /**
   * In the namespace of the calling thread; undefined when another process there holds it. `name`
   * has at most 107 bytes. Throws KernelError.
   */
  static acquire(name: string): NamespaceLock | undefined {
    const number = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (number < 0) throw lastError("socket AF_UNIX");
    const fd = new Fd(number);
    const address = Buffer.from(`\0\0\0${name}`);
    address.writeUInt16LE(AF_UNIX);
    if (libc.bind(fd.number, address, address.length) === 0) return new NamespaceLock(fd);
    const taken = errnoName(errno()) === "EADDRINUSE";
    const failure = lastError(`bind \\0${name}`);
    fd.close();
    if (taken) return undefined;
    throw failure;
  }

  [Symbol.dispose](): void {
    this.#fd.close();
  }
}
