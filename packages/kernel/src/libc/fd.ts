import { check } from "./errno.ts";
import { libc } from "./libc.ts";

const O_CLOEXEC = 0o2000000;

/** A file descriptor with an owner: closed once, by `using` or `close()`. */
export class Fd implements Disposable {
  #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  /** open(2) with O_CLOEXEC. Throws KernelError. */
  static open(path: string, flags = 0, mode = 0): Fd {
    return new Fd(check(libc.open(path, flags | O_CLOEXEC, mode), `open ${path}`));
  }

  /** Throws when closed: the number may belong to another file by now. */
  get number(): number {
    if (this.#number < 0) throw new Error("use of a closed file descriptor");
    return this.#number;
  }

  get closed(): boolean {
    return this.#number < 0;
  }

  close(): void {
    if (this.#number < 0) return;
    libc.close(this.#number);
    this.#number = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
