import { GonaError } from "@gona/model";
import type { Station } from "../bed/bed-plan.ts";
import { addressBytesOf } from "./socket-address.ts";

/** `10.0.0.11/24` -> `10.0.0.11`. */
export const withoutPrefix = (address: string): string => address.slice(0, address.lastIndexOf("/"));

/**
 * The addresses by which two stations reach each other: the first pair of that family in one
 * subnet. Throws SPEC_REFERENCE when they share none.
 */
export function chooseAddresses(from: Station, to: Station, family: 4 | 6): { from: string; to: string } {
  const ofFamily = (station: Station): string[] =>
    station.links.flatMap(({ addresses }) => addresses).filter((address) => address.includes(":") === (family === 6));
  for (const target of ofFamily(to)) {
    const source = ofFamily(from).find((address) => inSubnet(address, target));
    if (source !== undefined) return { from: withoutPrefix(source), to: withoutPrefix(target) };
  }
  throw new GonaError("SPEC_REFERENCE", `${from.name} and ${to.name} have no IPv${family} subnet in common`);
}

function inSubnet(own: string, other: string): boolean {
  const length = Number(own.slice(own.lastIndexOf("/") + 1));
  const [a, b] = [addressBytesOf(withoutPrefix(own)), addressBytesOf(withoutPrefix(other))];
  return a.every((byte, index) => {
    const bits = Math.max(0, Math.min(8, length - index * 8));
    return byte >> (8 - bits) === (b[index] ?? 0) >> (8 - bits);
  });
}
