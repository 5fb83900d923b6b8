import { ipBytes } from "@gona/dataplane";
import { expect, test } from "vitest";
import { decodeProbe, encodeProbe, numberProbe } from "./probe-frame.ts";
import { isAnswer, questionFrame } from "./question-frame.ts";

const [NIC, PEER] = [
  [0x52, 0x54, 0, 0, 0, 1],
  [0x52, 0x54, 0, 0, 0, 2],
];
const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const hex = (frame: Uint8Array, from: number, to: number) => Buffer.from(frame.subarray(from, to)).toString("hex");

test("a probe is read by its own watch alone", () => {
  const frame = encodeProbe({ toMac: PEER, fromMac: NIC, nonce }, { from: 3, to: 63, number: 7 });
  numberProbe(frame, 0xfedc_ba98);
  expect(frame.length).toBe(60);
  expect(hex(frame, 0, 14)).toBe("52540000000252540000000188b5");
  expect(decodeProbe(frame, nonce)).toEqual({ from: 3, to: 63, number: 0xfedc_ba98 });
  expect(decodeProbe(frame, nonce.with(7, 9))).toBeUndefined();
  expect(decodeProbe(frame.subarray(0, 30), nonce)).toBeUndefined();
});

test("a question for IPv4 is an ARP probe, which teaches nobody anything, in the machine's VLAN", () => {
  const frame = questionFrame(NIC, { fabric: 1, vlan: 20, mac: Uint8Array.from(PEER), address: ipBytes("10.0.0.9") });
  expect(hex(frame, 0, 18)).toBe("525400000002525400000001810000140806");
  expect(hex(frame, 18, 46)).toBe("0001080006040001525400000001000000000000000000000a000009");
});

test("a question for IPv6 is a neighbour solicitation with a right checksum", () => {
  const frame = questionFrame(NIC, { fabric: 1, vlan: 0, mac: Uint8Array.from(PEER), address: ipBytes("2001:db8::9") });
  expect(hex(frame, 12, 22)).toBe("86dd6000000000203aff");
  expect(hex(frame, 22, 54)).toBe("fe80000000000000505400fffe00000120010db8000000000000000000000009");
  expect(hex(frame, 54, 56)).toBe("8700");
  // The sum over pseudo header and message, checksum and all, is all ones.
  const message = [...frame.subarray(54, 86)];
  const words = [...frame.subarray(22, 54), 0, 0, 0, 32, 0, 0, 0, 58, ...message];
  let sum = 0;
  for (let at = 0; at < words.length; at += 2) sum += ((words[at] ?? 0) << 8) | (words[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  expect(sum).toBe(0xffff);
});

test("an answer is one to the NIC's own MAC", () => {
  const reply = Uint8Array.of(...NIC, ...PEER, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2);
  expect(isAnswer(reply, NIC)).toBe(true);
  expect(isAnswer(reply, PEER)).toBe(false);
  expect(isAnswer(reply.with(21, 1), NIC)).toBe(false);
});
