import { bad, didYouMean, good, type Scalar } from "./scalar.ts";

const ALLOWED = "a unicast IPv4 or IPv6 address without prefix length, as in 10.0.0.11 or 2001:db8::11";

/** Four bytes; undefined where the text is no dotted quad. Leading zeros are refused: C reads them as octal. */
export function parseIpv4(text: string): readonly number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1);
  if (parts.some((part) => part.length > 1 && part.startsWith("0"))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** Eight 16-bit groups (RFC 4291 section 2.2); undefined where the text is no IPv6 address. */
export function parseIpv6(text: string): readonly number[] | undefined {
  let rest = text;
  const tail: number[] = [];
  const lastColon = rest.lastIndexOf(":");
  if (rest.includes(".")) {
    const v4 = lastColon < 0 ? undefined : parseIpv4(rest.slice(lastColon + 1));
    if (v4 === undefined) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = v4;
    tail.push(a * 256 + b, c * 256 + d);
    rest = rest.slice(0, lastColon);
    // "::1.2.3.4" leaves a single colon of the "::" behind.
    if (rest.endsWith(":")) rest += ":";
    if (rest === "") return undefined;
  }
  const halves = rest.split("::");
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const [head = [], after] = groups;
  if ([...head, ...(after ?? [])].some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  const left = head.map((group) => Number.parseInt(group, 16));
  const right = [...(after ?? []).map((group) => Number.parseInt(group, 16)), ...tail];
  const missing = 8 - left.length - right.length;
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...left, ...Array.from<number>({ length: after === undefined ? 0 : missing }).fill(0), ...right];
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::`. */
function formatIpv6(groups: readonly number[]): string {
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (groups[i + run] === 0) run++;
    if (run > length) [start, length] = [i, run];
  }
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return start < 0 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}

/** Reads an address that a guest may own; canonical text comes out. */
export function readAddress(value: unknown): Scalar<string> {
  if (typeof value !== "string") return bad(ALLOWED);
  const slash = value.indexOf("/");
  if (slash >= 0) {
    const inner = readAddress(value.slice(0, slash));
    return bad(ALLOWED, inner.ok ? didYouMean(inner.value) : undefined);
  }
  const v4 = parseIpv4(value);
  if (v4 !== undefined) {
    const [first = 0] = v4;
    if (first === 0) return bad(ALLOWED, "0.0.0.0/8 belongs to nobody");
    if (first === 127) return bad(ALLOWED, "127.0.0.0/8 is loopback");
    if (first >= 224 && first < 240) return bad(ALLOWED, "224.0.0.0/4 is multicast");
    if (value === "255.255.255.255") return bad(ALLOWED, "that is the broadcast address");
    return good(v4.join("."));
  }
  const v6 = value.includes(":") ? parseIpv6(value) : undefined;
  if (v6 === undefined) {
    const withoutZeros = value.replace(/\b0+(?=\d)/g, "");
    const meant =
      withoutZeros !== value && parseIpv4(withoutZeros) !== undefined ? didYouMean(withoutZeros) : undefined;
    return bad(ALLOWED, value.includes("%") ? "leave the zone (%…) out" : meant);
  }
  const upper = v6.slice(0, 7).every((group) => group === 0);
  if (upper && v6[7] === 0) return bad(ALLOWED, ":: belongs to nobody");
  if (upper && v6[7] === 1) return bad(ALLOWED, "::1 is loopback");
  if ((v6[0] ?? 0) >= 0xff00) return bad(ALLOWED, "ff00::/8 is multicast");
  if (v6.slice(0, 5).every((group) => group === 0) && v6[5] === 0xffff) {
    const [, , , , , , high = 0, low = 0] = v6;
    return bad(ALLOWED, didYouMean([high >> 8, high & 255, low >> 8, low & 255].join(".")));
  }
  return good(formatIpv6(v6));
}
