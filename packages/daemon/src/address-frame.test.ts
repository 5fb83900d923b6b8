import { expect, test } from "vitest";
import { addressFrame } from "./address-frame.ts";

const hex = (frame: Uint8Array) => Buffer.from(frame).toString("hex");

test("an IPv4 address is told by a gratuitous ARP request", () => {
  const frame = addressFrame("52:54:00:aa:00:01", 0, "10.0.0.11");
  expect(frame).toHaveLength(60);
  expect(hex(frame.subarray(0, 42))).toBe(
    `${"ff".repeat(6)}525400aa000108060001080006040001525400aa00010a00000b${"00".repeat(6)}0a00000b`,
  );
});

test("an IPv6 address is told by an unsolicited neighbour advertisement with a right checksum", () => {
  const frame = addressFrame("52:54:00:aa:00:01", 20, "fd00::11");
  expect(hex(frame.subarray(0, 18))).toBe("333300000001525400aa00018100001486dd");
  const ip = frame.subarray(18);
  expect(hex(ip.subarray(0, 8))).toBe("6000000000203aff");
  expect(hex(ip.subarray(8, 40))).toBe(`fd${"00".repeat(14)}11ff02${"00".repeat(13)}01`);
  const icmp = ip.subarray(40, 72);
  expect(hex(icmp.subarray(0, 2))).toBe("8800");
  expect(hex(icmp.subarray(4))).toBe(`20000000fd${"00".repeat(14)}110201525400aa0001`);
  // Summed with its own checksum and the pseudo header, all ones come out.
  const all = [...ip.subarray(8, 40), 0, 0, 0, 32, 0, 0, 0, 58, ...icmp];
  let sum = 0;
  for (let at = 0; at < all.length; at += 2) sum += ((all[at] ?? 0) << 8) + (all[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  expect(sum).toBe(0xffff);
});

test("what is no address is refused", () => {
  expect(() => addressFrame("52:54:00:aa:00:01", 0, "10.0.0")).toThrow(RangeError);
});

test.each(["10.0.0.11", "fd00::11"])("one peer alone is told of %s where its MAC is given", (address) => {
  const all = addressFrame("52:54:00:aa:00:01", 20, address);
  const one = addressFrame("52:54:00:aa:00:01", 20, address, "02:00:00:00:00:09");
  expect([...one.slice(0, 6)]).toEqual([2, 0, 0, 0, 0, 9]);
  expect(one.slice(6)).toEqual(all.slice(6));
});
