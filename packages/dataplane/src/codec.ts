/** A C struct of bpf/gona_maps.h and its bytes, little-endian. */
export interface Codec<T> {
  /** Of the whole struct, padding included. */
  readonly size: number;
  /** Padding is zero. */
  encode(value: T): Uint8Array;
  /** Throws RangeError when `bytes` is shorter than `size`. */
  decode(bytes: Uint8Array): T;
  /** The same inside a larger buffer. */
  write(view: DataView, at: number, value: T): void;
  read(view: DataView, at: number): T;
}

/** A codec from its two halves. */
export function codec<T>(
  size: number,
  write: (view: DataView, at: number, value: T) => void,
  read: (view: DataView, at: number) => T,
): Codec<T> {
  return {
    size,
    write,
    read,
    encode(value) {
      const bytes = new Uint8Array(size);
      write(new DataView(bytes.buffer), 0, value);
      return bytes;
    },
    decode(bytes) {
      if (bytes.length < size) throw new RangeError(`${size} bytes are needed, not ${bytes.length}`);
      return read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
    },
  };
}

/** Copies an array of bytes; a shorter one leaves zeros behind it. Throws RangeError for a longer one. */
export function writeBytes(view: DataView, at: number, value: Uint8Array, length: number): void {
  if (value.length > length) throw new RangeError(`at most ${length} bytes fit, not ${value.length}`);
  new Uint8Array(view.buffer, view.byteOffset + at, length).set(value);
}

/** Shares the memory of `view`: what a map gives is not written to again. */
export function readBytes(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

/** An array of elements of `stride` bytes; a shorter one leaves zeros behind it. Throws RangeError for a longer one. */
export function writeArray<T>(
  at: number,
  values: readonly T[],
  length: number,
  stride: number,
  write: (at: number, value: T) => void,
): void {
  if (values.length > length) throw new RangeError(`at most ${length} elements fit, not ${values.length}`);
  for (const [index, value] of values.entries()) write(at + index * stride, value);
}

export function readArray<T>(at: number, length: number, stride: number, read: (at: number) => T): T[] {
  return Array.from({ length }, (_, index) => read(at + index * stride));
}
