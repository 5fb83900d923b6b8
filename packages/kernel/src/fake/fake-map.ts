import type { BpfMap } from "../bpf-object.ts";
import { KernelError } from "../kernel-error.ts";

export interface FakeMapDefinition {
  readonly name: string;
  readonly type: "array" | "hash";
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** Values are then read as one per CPU of the fake kernel, each padded to 8 bytes. */
  readonly perCpu?: boolean;
}

/** A BPF array or hash in memory, with the kernel's refusals. */
export class FakeMap implements BpfMap {
  readonly name: string;
  readonly type: "array" | "hash";
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly perCpu: boolean;
  readonly #readSize: number;
  readonly #values = new Map<string, Uint8Array>();

  constructor(definition: FakeMapDefinition, cpus: number) {
    this.name = definition.name;
    this.type = definition.type;
    this.keySize = definition.keySize;
    this.valueSize = definition.valueSize;
    this.maxEntries = definition.maxEntries;
    this.perCpu = definition.perCpu ?? false;
    this.#readSize = this.perCpu ? cpus * Math.ceil(this.valueSize / 8) * 8 : this.valueSize;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkKey("lookup", key);
    const value = this.#values.get(text(key));
    if (value !== undefined) return value.slice();
    return this.type === "array" && index(key) < this.maxEntries ? new Uint8Array(this.#readSize) : undefined;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#checkKey("update", key);
    const whole = this.#forEveryCpu(value);
    const full = this.type === "array" ? index(key) >= this.maxEntries : this.#values.size >= this.maxEntries;
    if (full && !this.#values.has(text(key))) throw this.#refuse("update", "E2BIG", "Argument list too long");
    this.#values.set(text(key), whole);
  }

  putBatch(keys: readonly Uint8Array[], values: readonly Uint8Array[]): void {
    keys.forEach((key, place) => {
      const value = values[place];
      if (value === undefined) throw this.#refuse("update", "EINVAL", "fewer values than keys");
      this.put(key, value);
    });
  }

  delete(key: Uint8Array): boolean {
    this.#checkKey("delete", key);
    if (this.type === "array") throw this.#refuse("delete", "EINVAL", "Invalid argument");
    return this.#values.delete(text(key));
  }

  *entries(): IterableIterator<readonly [key: Uint8Array, value: Uint8Array]> {
    if (this.type === "hash") {
      for (const [key, value] of this.#values) yield [bytes(key), value.slice()];
      return;
    }
    for (let place = 0; place < this.maxEntries; place++) {
      const key = new Uint8Array(4);
      new DataView(key.buffer).setUint32(0, place, true);
      yield [key, this.#values.get(text(key))?.slice() ?? new Uint8Array(this.#readSize)];
    }
  }

  /** A per-CPU map takes one value for every CPU alike, or one for each as get() gives them. */
  #forEveryCpu(value: Uint8Array): Uint8Array {
    if (value.length === this.#readSize) return value.slice();
    if (value.length !== this.valueSize) {
      throw this.#refuse("update", "EINVAL", `value of ${value.length} bytes, not ${this.valueSize}`);
    }
    const whole = new Uint8Array(this.#readSize);
    for (let at = 0; at < whole.length; at += Math.ceil(this.valueSize / 8) * 8) whole.set(value, at);
    return whole;
  }

  #checkKey(what: string, key: Uint8Array): void {
    if (key.length !== this.keySize) {
      throw this.#refuse(what, "EINVAL", `key of ${key.length} bytes, not ${this.keySize}`);
    }
  }

  #refuse(what: string, errno: string, words: string): KernelError {
    return new KernelError(`bpftool map ${what} name ${this.name}`, errno, words);
  }
}

const text = (key: Uint8Array): string => Buffer.from(key).toString("latin1");
const bytes = (key: string): Uint8Array => new Uint8Array(Buffer.from(key, "latin1"));
const index = (key: Uint8Array): number => new DataView(key.buffer, key.byteOffset).getUint32(0, true);
