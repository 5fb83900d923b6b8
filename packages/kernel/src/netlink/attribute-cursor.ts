import { NLA_TYPE_MASK } from "./constants.ts";

/**
 * Walks the attributes between two places of a message without copying: `while (cursor.next())
 * switch (cursor.type)`. Little-endian, as MessageWriter.
 */
export class AttributeCursor {
  readonly view: DataView;
  type = 0;
  /** Of the payload. */
  start = 0;
  /** End of the payload, without padding. */
  end = 0;
  #next: number;
  readonly #limit: number;

  constructor(view: DataView, start: number, end: number) {
    this.view = view;
    this.#next = start;
    this.#limit = end;
  }

  /** False at the end, or where the rest cannot be an attribute. */
  next(): boolean {
    const at = this.#next;
    if (at + 4 > this.#limit) return false;
    const length = this.view.getUint16(at, true);
    if (length < 4 || at + length > this.#limit) return false;
    this.type = this.view.getUint16(at + 2, true) & NLA_TYPE_MASK;
    this.start = at + 4;
    this.end = at + length;
    this.#next = at + ((length + 3) & ~3);
    return true;
  }

  get u32(): number {
    return this.view.getUint32(this.start, true);
  }

  /** Exact below 2^53. */
  get u64(): number {
    return this.view.getUint32(this.start, true) + this.view.getUint32(this.start + 4, true) * 2 ** 32;
  }

  /** UTF-8, up to the NUL. */
  get text(): string {
    let text = "";
    for (let at = this.start; at < this.end; at++) {
      const byte = this.view.getUint8(at);
      if (byte === 0) break;
      if (byte >= 0x80) return utf8(this.bytes);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer, this.view.byteOffset + this.start, this.end - this.start);
  }

  /** The attributes inside this one. */
  nested(): AttributeCursor {
    return new AttributeCursor(this.view, this.start, this.end);
  }
}

/** The rare case, told apart because names and kinds are read by the thousand. */
const utf8 = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
};
