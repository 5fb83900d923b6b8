import { libc } from "@gona/kernel";

const POLLIN = 1;
const POLLHUP = 0x10;

/**
 * Whether whoever started us wants us to end: it closes our standard input, or dies, which closes it
 * too. Asked between datagrams, because a process that sleeps in the kernel has no event loop.
 */
export class ParentWatch {
  readonly #pollfd = new Uint8Array(8);
  readonly #view = new DataView(this.#pollfd.buffer);

  get gone(): boolean {
    this.#view.setInt32(0, 0, true);
    this.#view.setInt16(4, POLLIN, true);
    this.#view.setInt16(6, 0, true);
    return libc.poll(this.#pollfd, 1, 0) > 0 && (this.#view.getInt16(6, true) & (POLLIN | POLLHUP)) !== 0;
  }
}
