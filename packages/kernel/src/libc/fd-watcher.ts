import koffi from "koffi";

const READABLE = { readable: true };

/**
 * Calls back whenever a file descriptor is readable or has an error to fetch, on Node's own epoll:
 * no thread, about 20 us after the kernel's event. The owner reads until EAGAIN (the watch is
 * level-triggered), and disposes of the watcher before it closes the descriptor.
 */
export class FdWatcher implements Disposable {
  readonly #onReadable: () => void;
  #handle: ReturnType<typeof koffi.node.poll> | undefined;
  #due: NodeJS.Immediate | undefined;

  /** @param fd a socket, eventfd, epoll or BPF ring buffer descriptor */
  constructor(fd: number, onReadable: () => void) {
    this.#onReadable = onReadable;
    this.#handle = koffi.node.poll(fd, READABLE, this.#onPoll);
  }

  /** Lets the process end although the watch stands. */
  unref(): this {
    this.#handle?.unref();
    return this;
  }

  [Symbol.dispose](): void {
    if (this.#due !== undefined) clearImmediate(this.#due);
    this.#handle?.close();
    this.#handle = undefined;
  }

  // The native callback runs outside Node's callback scope: promises would stay unsettled and a
  // throw would be lost. The check phase follows in the same turn of the loop and has neither fault.
  // koffi's types leave the first argument out.
  readonly #onPoll = ((status: number): void => {
    this.#due ??= setImmediate(() => {
      this.#due = undefined;
      if (this.#handle === undefined) return;
      try {
        this.#onReadable();
      } finally {
        // libuv ends a watch when the socket has an error (ENOBUFS, ENETDOWN); it is read by now.
        if (status < 0) this.#handle?.start(READABLE, this.#onPoll);
      }
    });
  }) as unknown as () => void;
}
