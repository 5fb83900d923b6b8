import { expect, test } from "vitest";
import type { Station } from "../bed/bed-plan.ts";
import { chooseAddresses } from "./choose-addresses.ts";

const station = (name: string, ...addresses: string[]): Station => ({
  name,
  kind: "guest",
  netns: name,
  links: [{ name: "eth0", mac: "52:54:00:00:00:01", addresses, other: { kind: "gona" } }],
});

test("stations meet in the subnet that both are in", () => {
  const guest = station("guest", "10.0.0.1/24", "10.0.1.1/24", "fd00::1/64");
  expect(chooseAddresses(guest, station("peer", "10.0.1.9/24"), 4)).toEqual({ from: "10.0.1.1", to: "10.0.1.9" });
  expect(chooseAddresses(guest, station("peer", "fd00::9/64"), 6)).toEqual({ from: "fd00::1", to: "fd00::9" });
});

test("a prefix that ends inside a byte counts to the bit", () => {
  const guest = station("guest", "10.0.0.1/25");
  expect(chooseAddresses(guest, station("near", "10.0.0.127/25"), 4).to).toBe("10.0.0.127");
  expect(() => chooseAddresses(guest, station("far", "10.0.0.128/25"), 4)).toThrow("no IPv4 subnet in common");
});
