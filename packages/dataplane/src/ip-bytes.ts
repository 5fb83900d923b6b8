/** Sixteen bytes of an address in canonical text; IPv4 as ::ffff:a.b.c.d. Throws RangeError. */
export function ipBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  if (!text.includes(":")) {
    const parts = text.split(".").map(Number);
    if (parts.length !== 4 || !parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)) {
      throw new RangeError(`${text} is no IP address`);
    }
    bytes.fill(0xff, 10, 12);
    bytes.set(parts, 12);
    return bytes;
  }
  const [head = "", tail, more] = text.split("::");
  const left = groups(head);
  const right = groups(tail ?? "");
  const count = left.length + right.length;
  const valid = [...left, ...right].every((group) => group >= 0 && group <= 0xffff);
  if (!valid || more !== undefined || (tail === undefined ? count !== 8 : count > 7))
    throw new RangeError(`${text} is no IP address`);
  const view = new DataView(bytes.buffer);
  for (const [index, group] of left.entries()) view.setUint16(2 * index, group);
  for (const [index, group] of right.entries()) view.setUint16(16 - 2 * (right.length - index), group);
  return bytes;
}

const groups = (text: string): number[] =>
  text === "" ? [] : text.split(":").map((part) => Number.parseInt(part, 16));

/** Canonical text (RFC 5952), as the spec's addresses have it. */
export function ipText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const words = Array.from({ length: 8 }, (_, index) => view.getUint16(2 * index));
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) return bytes.slice(12, 16).join(".");
  let start = 0;
  let length = 1; // RFC 5952: a single zero group is not shortened
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (words[to] === 0) to++;
    if (to - from > length) [start, length] = [from, to - from];
  }
  const text = (from: number, to: number) =>
    words
      .slice(from, to)
      .map((word) => word.toString(16))
      .join(":");
  return length === 1 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}
