/** 4 or 16 bytes of an address that was checked before. */
export function addressBytesOf(address: string): Uint8Array {
  if (!address.includes(":")) return Uint8Array.from(address.split("."), Number);
  const [head = "", tail] = address.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [left, right] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  return Uint8Array.from(
    [...left, ...Array.from({ length: zeros }, () => 0), ...right].flatMap((g) => [g >> 8, g & 255]),
  );
}
