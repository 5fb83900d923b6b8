import { parseIpv4, parseIpv6 } from "./ip-address.ts";

/**
 * An IPv4 or IPv6 address as four 32-bit numbers, the most significant first, IPv4 as
 * ::ffff:a.b.c.d: the form in which the data plane compares and hashes addresses. Undefined where
 * the text is no address.
 */
export function addressWords(text: string): readonly [number, number, number, number] | undefined {
  const bytes = parseIpv4(text);
  if (bytes !== undefined) {
    const [a = 0, b = 0, c = 0, d = 0] = bytes;
    return [0, 0, 0xffff, ((a << 24) | (b << 16) | (c << 8) | d) >>> 0];
  }
  const groups = parseIpv6(text);
  if (groups === undefined) return undefined;
  const word = (index: number): number => (((groups[index] ?? 0) << 16) | (groups[index + 1] ?? 0)) >>> 0;
  return [word(0), word(2), word(4), word(6)];
}
