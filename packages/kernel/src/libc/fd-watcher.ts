import koffi from "koffi";

/**
 * Calls back whenever a file descriptor is readable, on Node's own epoll: no thread, about 20 us
 * after the kernel's event. The owner reads until EAGAIN (the watch is level-triggered), and
 * disposes of the watcher before it closes the descriptor.
 */
export class FdWatcher implements Disposable {
  #handle: ReturnType<typeof koffi.node.poll> | undefined;
  #due: NodeJS.Immediate | undefined;

  /** @param fd a socket, eventfd, epoll or BPF ring buffer descriptor */
  constructor(fd: number, onReadable: () => void) {
    // The native callback runs outside Node's callback scope: promises would stay unsettled and a
    // throw would be lost. The check phase follows in the same turn of the loop and has neither fault.
    this.#handle = koffi.node.poll(fd, { readable: true }, () => {
      this.#due ??= setImmediate(() => {
        this.#due = undefined;
        if (this.#handle !== undefined) onReadable();
      });
    });
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
}
