import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeLacpdu, describeLacpFlags, encodeLacpdu, type LacpParty, markerResponse } from "./lacpdu.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));

/** Field by field, in the order and with the lengths of IEEE 802.1AX, figure 6-7. */
const KNOWN = hex(
  [
    "01 01", // subtype LACP, version 1
    "01 14", // actor information, 20 octets
    "8000 0200 0000 0a01 0011 00ff 0002 3d 000000",
    "02 14", // partner information, 20 octets
    "7fff 0200 0000 0b02 0022 8000 0103 c7 000000",
    "03 10", // collector information, 16 octets
    "0000 000000000000000000000000",
    "00 00", // terminator
    "00".repeat(50),
  ].join(""),
);
const ACTOR: LacpParty = {
  systemPriority: 0x8000,
  system: "02:00:00:00:0a:01",
  key: 0x11,
  portPriority: 0xff,
  port: 2,
  state: 0x3d,
};
const PARTNER: LacpParty = {
  systemPriority: 0x7fff,
  system: "02:00:00:00:0b:02",
  key: 0x22,
  portPriority: 0x8000,
  port: 0x103,
  state: 0xc7,
};

describe("LACPDUs", () => {
  it("have the bytes of the standard's table", () => {
    expect(encodeLacpdu({ actor: ACTOR, partner: PARTNER })).toEqual(KNOWN);
    expect(KNOWN).toHaveLength(110);
    expect(decodeLacpdu(KNOWN)).toEqual({ actor: ACTOR, partner: PARTNER });
  });

  it("of a later version are read by the fields that all have in common", () => {
    const later = Uint8Array.from(KNOWN);
    later[1] = 2;
    expect(decodeLacpdu(later)).toEqual({ actor: ACTOR, partner: PARTNER });
  });

  it.each([
    ["another subtype", 0, 2],
    ["version 0", 1, 0],
    ["no actor information first", 2, 9],
    ["a wrong length of it", 3, 19],
    ["no partner information second", 22, 1],
  ])("are not taken with %s", (_, at, value) => {
    const broken = Uint8Array.from(KNOWN);
    broken[at] = value;
    expect(decodeLacpdu(broken)).toBeUndefined();
  });

  it("are never taken out of noise, and noise never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 130 }), (bytes) => void decodeLacpdu(bytes)));
    for (let length = 0; length < 42; length++) expect(decodeLacpdu(KNOWN.subarray(0, length))).toBeUndefined();
  });

  it("come back as they went", () => {
    const number = fc.integer({ min: 0, max: 0xffff });
    const octet = fc.integer({ min: 0, max: 255 });
    const mac = fc
      .array(octet, { minLength: 6, maxLength: 6 })
      .map((bytes) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":"));
    const party = fc.record({
      systemPriority: number,
      system: mac,
      key: number,
      portPriority: number,
      port: number,
      state: octet,
    });
    const property = fc.property(party, party, (actor, partner) => {
      expect(decodeLacpdu(encodeLacpdu({ actor, partner }))).toEqual({ actor, partner });
    });
    fc.assert(property);
  });
});

it("writes flags as tools do", () => {
  expect(describeLacpFlags(0x3d)).toBe("A-GSCD--");
  expect(describeLacpFlags(0)).toBe("--------");
});

it("answers markers with the same octets and the type of an answer", () => {
  const marker = hex(`02 01 01 10 ${"0007 020000000a01 00000042 0000"} ${"00".repeat(92)}`);
  const answer = Uint8Array.from(marker);
  answer[2] = 2;
  expect(markerResponse(marker)).toEqual(answer);
  expect(markerResponse(answer)).toBeUndefined();
  expect(markerResponse(KNOWN)).toBeUndefined();
});
