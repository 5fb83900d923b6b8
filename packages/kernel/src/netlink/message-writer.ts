import { NLA_F_NESTED } from "./constants.ts";

const HEADER_BYTES = 16;

/**
 * Writes netlink messages one after the other into one buffer that is used again and again. Byte
 * order is the host's: little-endian on both machines that GONA knows (x86-64, arm64).
 */
export class MessageWriter {
  readonly buffer: Buffer;
  readonly #view: DataView;
  #end = 0;
  #message = 0;

  constructor(bytes = 1 << 18) {
    this.buffer = Buffer.alloc(bytes);
    this.#view = new DataView(this.buffer.buffer, this.buffer.byteOffset, bytes);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#end;
  }

  clear(): void {
    this.#end = 0;
  }

  begin(type: number, flags: number, sequence: number): void {
    this.#message = this.#end;
    this.u32(0).u16(type).u16(flags).u32(sequence).u32(0);
  }

  /** Fills in the length of the message. */
  end(): void {
    this.#view.setUint32(this.#message, this.#end - this.#message, true);
    this.#align();
  }

  u8(value: number): this {
    this.#view.setUint8(this.#end, value);
    this.#end += 1;
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#end, value, true);
    this.#end += 2;
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#end, value, true);
    this.#end += 4;
    return this;
  }

  /** A whole number below 2^53. */
  u64(value: number): this {
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  }

  attributeU16(type: number, value: number): void {
    this.u16(6).u16(type).u16(value).u16(0);
  }

  /** An attribute that says yes by being there. */
  attributeFlag(type: number): void {
    this.u16(4).u16(type);
  }

  attributeU32(type: number, value: number): void {
    this.u16(8).u16(type).u32(value);
  }

  attributeU64(type: number, value: number): void {
    this.u16(12).u16(type).u64(value);
  }

  attributeBytes(type: number, value: Uint8Array): void {
    this.u16(4 + value.length).u16(type);
    this.buffer.set(value, this.#end);
    this.#end += value.length;
    this.#align();
  }

  /** UTF-8, NUL-terminated. */
  attributeText(type: number, value: string): void {
    const start = this.#end;
    this.u16(0).u16(type);
    this.#end += this.buffer.write(value, this.#end);
    this.u8(0);
    this.#view.setUint16(start, this.#end - start, true);
    this.#align();
  }

  /** Begins an attribute that holds a structure or others; give the result to `close`. */
  open(type: number, nested = true): number {
    const start = this.#end;
    this.u16(0).u16(nested ? type | NLA_F_NESTED : type);
    return start;
  }

  close(start: number): void {
    this.#view.setUint16(start, this.#end - start, true);
    this.#align();
  }

  #align(): void {
    while ((this.#end & 3) !== 0) this.u8(0);
  }
}

export const MESSAGE_HEADER_BYTES = HEADER_BYTES;
