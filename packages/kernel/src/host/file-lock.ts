import { errnoName, lastError } from "../libc/errno.ts";
import { Fd } from "../libc/fd.ts";
import { errno, libc } from "../libc/libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;
const O_RDWR = 2;
const O_CREAT = 0o100;

/** A lock that the kernel takes back when its process ends, however it ends. */
export class FileLock implements Disposable {
  readonly #fd: Fd;

  private constructor(fd: Fd) {
    this.#fd = fd;
  }

  /** Undefined when another process (or another FileLock) holds it. Makes the file. Throws KernelError. */
  static acquire(path: string): FileLock | undefined {
    const fd = Fd.open(path, O_RDWR | O_CREAT, 0o600);
    for (;;) {
      if (libc.flock(fd.number, LOCK_EX | LOCK_NB) === 0) return new FileLock(fd);
      const name = errnoName(errno());
      if (name === "EINTR") continue;
      const failure = lastError(`flock ${path}`);
      fd.close();
      if (name === "EAGAIN") return undefined;
      throw failure;
    }
  }

  [Symbol.dispose](): void {
    this.#fd.close();
  }
}
