import { bad, didYouMean, good, type Scalar } from "./scalar.ts";

export const PCI_ADDRESS_PATTERN = "^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$";
const ADDRESS = new RegExp(PCI_ADDRESS_PATTERN);
const ALLOWED = 'a PCI address with its domain, as lspci -D prints it: "0000:03:00.0"';

/** Where a card is plugged in, as the kernel writes it: lower case, with the PCI domain. */
export function readPciAddress(value: unknown): Scalar<string> {
  if (typeof value !== "string") return bad(ALLOWED);
  if (ADDRESS.test(value)) return good(value);
  const meant = [value, `0000:${value}`].map((text) => text.trim().toLowerCase()).find((text) => ADDRESS.test(text));
  return bad(ALLOWED, meant === undefined ? undefined : didYouMean(meant));
}
