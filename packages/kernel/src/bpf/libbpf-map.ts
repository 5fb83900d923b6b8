import { closeSync } from "node:fs";
import type { BpfMap } from "../bpf-object.ts";
import { errnoName } from "../libc/errno.ts";
import { bpfError } from "./bpf-errno.ts";
import { type MapInfo, mapInfo } from "./bpf-info.ts";
import { type Libbpf, libbpf } from "./libbpf.ts";

/** Bytes of values that one batch reads: large enough that the system call's cost vanishes. */
const BATCH_BYTES = 1 << 20;

const roundUp8 = (size: number): number => (size + 7) & ~7;

/** A BPF map of the kernel's, by file descriptor. */
export class LibbpfMap implements BpfMap, Disposable {
  /** The name in the object file; the kernel's cut name where the map was found by id. */
  readonly name: string;
  readonly fd: number;
  readonly id: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly perCpu: boolean;
  readonly info: MapInfo;
  readonly #lib: Libbpf;
  readonly #owned: boolean;
  /** Of what one read gives: per CPU, each value begins at a multiple of 8. */
  readonly #readSize: number;

  /** `owned`: dispose() closes `fd`. */
  constructor(fd: number, name?: string, owned = true) {
    this.#lib = libbpf();
    this.#owned = owned;
    this.info = mapInfo(fd);
    this.name = name ?? this.info.name;
    this.fd = fd;
    this.id = this.info.id;
    this.keySize = this.info.keySize;
    this.valueSize = this.info.valueSize;
    this.maxEntries = this.info.maxEntries;
    this.perCpu = this.info.perCpu;
    this.#readSize = this.perCpu ? roundUp8(this.valueSize) * this.#lib.possibleCpus() : this.valueSize;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkKey(key);
    const value = new Uint8Array(this.#readSize);
    const result = this.#lib.lookup(this.fd, key, value);
    if (result < 0) return this.#absent("lookup", result);
    return value;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#checkKey(key);
    const result = this.#lib.update(this.fd, key, this.#writable(value), 0);
    if (result < 0) throw bpfError(`bpf map update ${this.name}`, result);
  }

  putBatch(keys: readonly Uint8Array[], values: readonly Uint8Array[]): void {
    if (keys.length !== values.length) throw new RangeError("as many keys as values are needed");
    if (keys.length > 1 && this.#putAtOnce(keys, values)) return;
    for (const [index, key] of keys.entries()) this.put(key, values[index] as Uint8Array);
  }

  delete(key: Uint8Array): boolean {
    this.#checkKey(key);
    const result = this.#lib.remove(this.fd, key);
    if (result < 0) return this.#absent("delete", result) !== undefined;
    return true;
  }

  *entries(): IterableIterator<readonly [key: Uint8Array, value: Uint8Array]> {
    let count = Math.max(16, Math.min(this.maxEntries, Math.floor(BATCH_BYTES / this.#readSize)));
    let from: Uint8Array | null = null;
    for (;;) {
      const to: Uint8Array = new Uint8Array(Math.max(8, this.keySize));
      const keys = new Uint8Array(count * this.keySize);
      const values = new Uint8Array(count * this.#readSize);
      const got = Uint32Array.of(count);
      const result = this.#lib.lookupBatch(this.fd, from, to, keys, values, got, null);
      const errno = result < 0 ? errnoName(-result) : "";
      if (errno === "ENOSPC") {
        count *= 2; // one hash bucket holds more than fits
        continue;
      }
      if (errno !== "" && errno !== "ENOENT") {
        if (from === null && isUnsupported(errno)) {
          yield* this.#entriesOneByOne();
          return;
        }
        throw bpfError(`bpf map lookup_batch ${this.name}`, result);
      }
      for (let index = 0; index < (got[0] ?? 0); index++) {
        yield [
          keys.subarray(index * this.keySize, (index + 1) * this.keySize),
          values.subarray(index * this.#readSize, (index + 1) * this.#readSize),
        ];
      }
      if (errno === "ENOENT") return; // the end
      from = to;
    }
  }

  [Symbol.dispose](): void {
    if (this.#owned) closeSync(this.fd);
  }

  *#entriesOneByOne(): IterableIterator<readonly [Uint8Array, Uint8Array]> {
    let key: Uint8Array | null = null;
    for (;;) {
      const next: Uint8Array = new Uint8Array(this.keySize);
      const result = this.#lib.nextKey(this.fd, key, next);
      if (result < 0 && errnoName(-result) === "ENOENT") return;
      if (result < 0) throw bpfError(`bpf map next ${this.name}`, result);
      const value = this.get(next);
      if (value !== undefined) yield [next, value];
      key = next;
    }
  }

  /** False where the kernel has no batches for this kind of map, with nothing done. */
  #putAtOnce(keys: readonly Uint8Array[], values: readonly Uint8Array[]): boolean {
    for (const key of keys) this.#checkKey(key);
    const count = Uint32Array.of(keys.length);
    const writable = values.map((value) => this.#writable(value));
    const result = this.#lib.updateBatch(this.fd, Buffer.concat(keys), Buffer.concat(writable), count, null);
    if (result >= 0) return true;
    if (isUnsupported(errnoName(-result))) return false;
    throw bpfError(`bpf map update_batch ${this.name}`, result);
  }

  /** A per-CPU map takes one value for every CPU alike, or a value for each as get() gives them. */
  #writable(value: Uint8Array): Uint8Array {
    if (value.length === this.#readSize) return value;
    if (value.length !== this.valueSize) {
      throw new RangeError(`a value of ${this.name} has ${this.valueSize} bytes, not ${value.length}`);
    }
    const all = new Uint8Array(this.#readSize);
    for (let offset = 0; offset < all.length; offset += roundUp8(this.valueSize)) all.set(value, offset);
    return all;
  }

  #checkKey(key: Uint8Array): void {
    if (key.length !== this.keySize) {
      throw new RangeError(`a key of ${this.name} has ${this.keySize} bytes, not ${key.length}`);
    }
  }

  #absent(operation: string, result: number): undefined {
    if (errnoName(-result) === "ENOENT") return undefined;
    throw bpfError(`bpf map ${operation} ${this.name}`, result);
  }
}

/** What kernels answer to a batch command that a map type does not have. */
function isUnsupported(errno: string): boolean {
  return errno === "ENOTSUPP" || errno === "EOPNOTSUPP" || errno === "EINVAL";
}
