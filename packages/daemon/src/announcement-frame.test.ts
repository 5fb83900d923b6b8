import { expect, test } from "vitest";
import { announcementFrame } from "./announcement-frame.ts";

const hex = (frame: Uint8Array) => Buffer.from(frame).toString("hex");

test("an untagged announcement is a padded RARP request from the MAC to all", () => {
  const frame = announcementFrame("52:54:00:aa:00:01", 0);
  expect(frame).toHaveLength(60);
  expect(hex(frame.subarray(0, 42))).toBe(
    `${"ff".repeat(6)}525400aa000180350001080006040003${`525400aa0001${"00".repeat(4)}`.repeat(2)}`,
  );
});

test("a guest's VLAN tags its announcement", () => {
  expect(hex(announcementFrame("52:54:00:aa:00:01", 0x123).subarray(12, 18))).toBe("810001238035");
});

test("what is not a MAC address is refused", () => {
  expect(() => announcementFrame("52:54:00", 0)).toThrow(RangeError);
});
