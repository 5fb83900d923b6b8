/** Six bytes of `52:54:00:aa:00:01`. Throws RangeError. */
export function macBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(6);
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw new RangeError(`${text} is no MAC address`);
  for (let index = 0; index < 6; index++) bytes[index] = Number.parseInt(text.slice(3 * index, 3 * index + 2), 16);
  return bytes;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower case, colon separated, of the six bytes from `at` on. Written out: an observer does it 10,000 times. */
export const macText = (bytes: Uint8Array, at = 0): string =>
  `${hex(bytes, at)}:${hex(bytes, at + 1)}:${hex(bytes, at + 2)}:${hex(bytes, at + 3)}:${hex(bytes, at + 4)}:${hex(bytes, at + 5)}`;

const hex = (bytes: Uint8Array, at: number): string => HEX[bytes[at] ?? 0] ?? "";
