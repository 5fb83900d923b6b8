import { FdWatcher } from "../libc/fd-watcher.ts";
import { errno } from "../libc/libc.ts";
import { bpfError } from "./bpf-errno.ts";
import { libbpf, memoryAt, type Pointer } from "./libbpf.ts";
import type { LibbpfMap } from "./libbpf-map.ts";

/**
 * Hands over each record that programs put into a ring buffer map, in their order, soon after it
 * came. The records are copies, and the caller's to keep. One reader a map: the position is the
 * kernel's.
 */
export class RingBuffer implements Disposable {
  readonly #ring: Pointer;
  readonly #callback: Pointer;
  readonly #name: string;
  readonly #watcher: FdWatcher;
  #records: Uint8Array[] = [];
  #closed = false;

  /** Throws KernelError: not a ring buffer map, or no memory. */
  constructor(map: LibbpfMap, onRecord: (record: Uint8Array) => void) {
    const lib = libbpf();
    this.#name = map.name;
    // C calls back while it holds its place in the ring: a throw there would be lost, and a reader
    // that closes the ring would free it under C's feet. So records are kept until C has returned.
    this.#callback = lib.registerRecord((_context, data, size) => {
      this.#records.push(memoryAt(data, size).slice());
      return 0;
    });
    const ring = lib.ringNew(map.fd, this.#callback, null, null);
    if (ring === null) {
      const reason = errno();
      lib.unregister(this.#callback);
      throw bpfError(`bpf ring buffer ${map.name}`, -reason);
    }
    this.#ring = ring;
    this.#watcher = new FdWatcher(lib.ringEpollFd(ring), () => this.#deliver(onRecord));
  }

  /** Lets the process end although the ring is watched. */
  unref(): this {
    this.#watcher.unref();
    return this;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watcher[Symbol.dispose]();
    libbpf().ringFree(this.#ring);
    libbpf().unregister(this.#callback);
  }

  #deliver(onRecord: (record: Uint8Array) => void): void {
    const count = libbpf().ringConsume(this.#ring);
    if (count < 0) throw bpfError(`bpf ring buffer ${this.#name}: read`, count);
    const records = this.#records;
    this.#records = [];
    for (const record of records) {
      if (this.#closed) return;
      onRecord(record);
    }
  }
}
