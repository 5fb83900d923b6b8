import { Limit } from "./abi.ts";

/** A vif's or NIC's id as the name maps hold it: UTF-8, NUL padded. Throws RangeError above 63 bytes. */
export function idBytes(id: string): Uint8Array {
  const bytes = Buffer.alloc(Limit.NAME_LEN);
  if (Buffer.byteLength(id) >= Limit.NAME_LEN) throw new RangeError(`${id} is longer than ${Limit.NAME_LEN - 1} bytes`);
  bytes.write(id);
  return new Uint8Array(bytes);
}

/** Empty where the slot has no name. */
export function idText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return end === 0 ? "" : Buffer.from(bytes.buffer, bytes.byteOffset, end < 0 ? bytes.length : end).toString();
}
