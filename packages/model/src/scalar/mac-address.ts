import { bad, didYouMean, good, type Scalar } from "./scalar.ts";

const ALLOWED = 'a unicast MAC address, as in "52:54:00:aa:00:01"';

/** Reads a unicast MAC, also with `-` or in capitals; lower case and colons come out. */
export function readMac(value: unknown): Scalar<string> {
  if (typeof value !== "string") return bad(ALLOWED, typeof value === "number" ? "put it in quotes" : undefined);
  const mac = value.toLowerCase().replaceAll("-", ":");
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) {
    const bare = mac.replace(/[^0-9a-f]/g, "");
    const colons = bare.match(/../g)?.join(":") ?? "";
    return bad(ALLOWED, bare.length === 12 && /^[0-9a-f:. ]*$/.test(mac) ? didYouMean(colons) : undefined);
  }
  if (mac === "00:00:00:00:00:00") return bad(ALLOWED, "the zero address names nobody");
  const first = Number.parseInt(mac.slice(0, 2), 16);
  if ((first & 1) === 1) {
    const unicast = `${(first & 0xfe).toString(16).padStart(2, "0")}${mac.slice(2)}`;
    const useful = mac !== "ff:ff:ff:ff:ff:ff" && unicast !== "00:00:00:00:00:00";
    return bad(ALLOWED, `an odd first byte means multicast${useful ? `; ${didYouMean(unicast)}` : ""}`);
  }
  return good(mac);
}
