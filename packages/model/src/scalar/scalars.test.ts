import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, readDuration } from "./duration.ts";
import { readAddress } from "./ip-address.ts";
import { readMac } from "./mac-address.ts";
import { readLinkName, readName, readNetnsName } from "./name.ts";
import { nearestWord } from "./nearest-word.ts";
import type { Scalar } from "./scalar.ts";
import { readRateOrPart } from "./share-of-rate.ts";
import { readDscp, readPorts, readProtocol } from "./traffic-words.ts";
import { utf8Length } from "./utf8-length.ts";
import { readWhole } from "./whole-number.ts";
import { readBoolean, readWord } from "./word.ts";

const yes = (value: unknown) => ({ ok: true, value });
const no = (hint?: string) => ({
  ok: false,
  problem: hint === undefined ? {} : { hint: expect.stringContaining(hint) },
});

function table(name: string, read: (value: unknown) => Scalar<unknown>, rows: readonly (readonly [unknown, object])[]) {
  describe(name, () => {
    it.each(rows)("%j", (input, expected) => {
      expect(read(input)).toMatchObject(expected);
    });
  });
}

table("a MAC", readMac, [
  ["52:54:00:AA:00:01", yes("52:54:00:aa:00:01")],
  ["52-54-00-aa-00-01", yes("52:54:00:aa:00:01")],
  ["525400aa0001", no('"52:54:00:aa:00:01"')],
  ["5254.00aa.0001", no('"52:54:00:aa:00:01"')],
  ["53:54:00:aa:00:01", no('did you mean "52:54:00:aa:00:01"')],
  ["ff:ff:ff:ff:ff:ff", no("multicast")],
  ["00:00:00:00:00:00", no("zero")],
  ["52:54:00:aa:00", no()],
  [525400, no("quotes")],
  [null, no()],
]);

table("an address", readAddress, [
  ["10.0.0.11", yes("10.0.0.11")],
  ["2001:DB8:0:0:0:0:0:1", yes("2001:db8::1")],
  ["2001:db8:0:1:0:0:0:1", yes("2001:db8:0:1::1")],
  ["2001:db8:0:1:1:1:1:1", yes("2001:db8:0:1:1:1:1:1")],
  ["fe80::1", yes("fe80::1")],
  ["64:ff9b::1.2.3.4", yes("64:ff9b::102:304")],
  ["1::", yes("1::")],
  ["10.0.0.11/24", no('"10.0.0.11"')],
  ["fe80::1%eth0", no("zone")],
  ["010.0.0.1", no('"10.0.0.1"')],
  ["::ffff:1.2.3.4", no('"1.2.3.4"')],
  ["224.0.0.1", no("multicast")],
  ["ff02::1", no("multicast")],
  ["127.0.0.1", no("loopback")],
  ["::1", no("loopback")],
  ["::", no()],
  ["0.0.0.0", no()],
  ["255.255.255.255", no("broadcast")],
  ["10.0.0", no()],
  ["10.0.0.256", no()],
  ["1:2:3:4:5:6:7", no()],
  ["1:2:3:4:5:6:7:8:9", no()],
  ["1::2::3", no()],
  ["1:2:3:4:5:6:7::8", no()],
  [":1:2:3:4:5:6:7", no()],
  ["12345::", no()],
  ["1.2.3.4::", no()],
  ["host.example", no()],
  [10, no()],
]);

describe("an IPv6 address", () => {
  it("is canonical already when it was read once, and equal to what URL makes of it", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const read = readAddress(text);
        if (!read.ok) return;
        expect(readAddress(read.value)).toEqual(read);
        expect(new URL(`http://[${text}]`).hostname).toBe(`[${read.value}]`);
      }),
    );
  });
});

table("a duration from 1 ms to 1 min", (value) => readDuration(value, 1, 60_000), [
  ["5ms", yes(5)],
  ["2s", yes(2000)],
  ["1min", yes(60_000)],
  ["1500us", yes(1.5)],
  ["0.5s", yes(500)],
  ["999us", no()],
  ["2min", no()],
  [5, no('"5ms"')],
  ["5sec", no('"5s"')],
  ["5MS", no('"5ms"')],
  ["-5ms", no()],
  ["soon", no()],
  [null, no()],
]);

it.each([250e-3, 5, 1500, 2000, 60_000, 90_000, 0])("a duration of %d ms is read back as written", (ms) => {
  expect(readDuration(formatDuration(ms), 0, 1e6)).toEqual(yes(ms));
});

table("a name", (value) => readName(value, 8), [
  ["web1", yes("web1")],
  ["1.a_b-c", yes("1.a_b-c")],
  ["web 1", no('"web-1"')],
  ["-a", no('"a"')],
  ["ninechars", no('"ninechar"')],
  ["", no()],
  ["é", no()],
  [5, no('"5"')],
  [true, no('"true"')],
]);

table("a link's name", (value) => readLinkName(value, "a link"), [
  ["eth0", yes("eth0")],
  ["fifteen-bytes-0", yes("fifteen-bytes-0")],
  ["sixteen-bytes-00", no()],
  ["ééééééé", yes("ééééééé")],
  ["éééééééé", no()],
  ["a/b", no()],
  ["a b", no()],
  ["a:b", no()],
  ["eth%d", no()],
  ["a\u0007", no()],
  [".", no()],
  ["..", no()],
  ["lo", no("loopback")],
  ["gv-1234", no("GONA's own")],
  [0, no("quotes")],
]);

table("a namespace's name", readNetnsName, [
  ["db1", yes("db1")],
  ["a/b", no()],
  ["..", no()],
  ["", no()],
  [7, no("quotes")],
]);

table("a whole number from 1 to 10", (value) => readWhole(value, 1, 10), [
  [1, yes(1)],
  [10, yes(10)],
  [0, no()],
  [11, no()],
  [2.6, no('"3"')],
  ["7", no("quotes")],
  ["77", no()],
  [Number.NaN, no()],
]);

table("a boolean", readBoolean, [
  [true, yes(true)],
  ["yes", no("did you mean true?")],
  ["off", no("did you mean false?")],
  [1, no()],
]);

table("a word", (value) => readWord(value, ["hash", "active-backup"]), [
  ["hash", yes("hash")],
  ["Hash", no('"hash"')],
  ["activebackup", no('"active-backup"')],
  ["round-robin", { ok: false, problem: { allowed: "one of hash, active-backup" } }],
]);

table("a part of a NIC", (value) => readRateOrPart(value, "the NIC"), [
  ["10%", yes({ kind: "part", ratio: 0.1 })],
  ["0.5 %", yes({ kind: "part", ratio: 0.005 })],
  ["1Gbit", yes({ kind: "absolute", rate: 1e9 })],
  ["101%", no('"100%"')],
  ["-1%", no()],
  ["ten%", no()],
]);

table("a DSCP", readDscp, [
  ["ef", yes(46)],
  ["AF41", yes(34)],
  ["af13", yes(14)],
  ["cs6", yes(48)],
  [0, yes(0)],
  [63, yes(63)],
  [64, no()],
  ["af14", no('"af1')],
]);

table("a protocol", readProtocol, [
  ["tcp", yes(6)],
  [255, yes(255)],
  [256, no()],
  ["tpc", no('"tcp"')],
  ["constructor", no()],
]);

table("ports", readPorts, [
  [443, yes({ from: 443, to: 443 })],
  ["80", yes({ from: 80, to: 80 })],
  ["5000-5999", yes({ from: 5000, to: 5999 })],
  ["5999-5000", no('"5000-5999"')],
  [0, no()],
  [65536, no()],
  ["http", no()],
]);

describe("the nearest word", () => {
  it.each([
    ["eht1", "eth1"],
    ["ETH1", "eth1"],
    ["eth", "eth1"],
    ["zzzz", undefined],
    ["", undefined],
    ["e".repeat(1e6), undefined],
  ])("to %s is %s", (typed, near) => {
    expect(nearestWord(typed, ["eth1", "capacity"])).toBe(near);
  });
});

it("the length in UTF-8 is that of a real encoder", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    }),
  );
});
