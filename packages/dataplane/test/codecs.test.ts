import { nanoseconds } from "@gona/model";
import type { SpineId } from "@gona/planner";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gonaAggregate, gonaSegment, Limit, Verdict } from "../src/abi.ts";
import { idBytes, idText } from "../src/id-bytes.ts";
import { ipBytes, ipText } from "../src/ip-bytes.ts";
import { macBytes, macText } from "../src/mac-bytes.ts";
import {
  decodeAddress,
  decodeSegment,
  decodeStation,
  encodeAddress,
  encodeSegment,
  encodeStation,
  indexKey,
  indexOf,
} from "../src/map-keys.ts";
import { aliasOfSpine, spineOfAlias } from "../src/spine-alias.ts";
import { decodeTrafficRules, encodeTrafficRules } from "../src/traffic-rules-record.ts";
import { aliasOf, fromAlias } from "../src/vif-link-alias.ts";

const macs = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => macText(bytes));
const slots = fc.integer({ min: 0, max: Limit.MAX_VIFS - 1 });
const place = { fabric: fc.integer({ min: 1, max: 65535 }), vlan: fc.integer({ min: 0, max: 4094 }) };

/** What goes in comes out. */
function survives<T>(values: fc.Arbitrary<T>, way: (value: T) => unknown): void {
  const property = fc.property(values, (value) => {
    expect(way(value)).toEqual(value);
  });
  fc.assert(property);
}

describe("addresses", () => {
  test.each([
    ["10.0.0.11", "00000000000000000000ffff0a00000b"],
    ["::", "00000000000000000000000000000000"],
    ["2001:db8::1", "20010db8000000000000000000000001"],
    ["2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001"],
    ["1:0:0:2::", "00010000000000020000000000000000"],
    ["fe80::1:0:0:2", "fe800000000000000001000000000002"],
  ])("%s is %s", (text, hex) => {
    expect(Buffer.from(ipBytes(text)).toString("hex")).toBe(hex);
    expect(ipText(Buffer.from(hex, "hex"))).toBe(text);
  });

  test("bytes to text and back is the same, and the text is what the URL parser makes of it", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 0xffff, 0x2001), { minLength: 8, maxLength: 8 }), (words) => {
        const bytes = new Uint8Array(new Uint16Array(words.map((word) => (word >> 8) | ((word & 0xff) << 8))).buffer);
        const text = ipText(bytes);
        expect(ipBytes(text)).toEqual(bytes);
        if (text.includes(":")) expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
    );
  });

  test.each(["10.0.0", "10.0.0.256", "1:2:3", "1::2::3:4:5:6:7:8", "nonsense"])("%s is refused", (text) => {
    expect(() => ipBytes(text)).toThrow(RangeError);
  });
});

describe("names", () => {
  test("a MAC goes to bytes and back", () => {
    expect([...macBytes("52:54:00:aa:0b:ff")]).toEqual([0x52, 0x54, 0, 0xaa, 0x0b, 0xff]);
    survives(macs, (mac) => macText(macBytes(mac)));
    expect(() => macBytes("52:54:00:aa:0b")).toThrow(RangeError);
  });

  test("an id fills its place and no more", () => {
    expect(idText(idBytes("web1/eth0"))).toBe("web1/eth0");
    expect(idBytes("x".repeat(63))).toHaveLength(Limit.NAME_LEN);
    expect(() => idBytes("x".repeat(64))).toThrow(RangeError);
    expect(idText(new Uint8Array(64))).toBe("");
  });

  test("a label tells whose pair it is, and another's label tells nothing", () => {
    const link = { device: "gv-1", netns: "db one", name: "eth0", mac: "52:54:00:aa:00:02" };
    expect(fromAlias("gv-1", aliasOf("db1/eth0" as never, link))).toEqual({ vif: "db1/eth0", link });
    for (const alias of ["", "gona ", "gona []", "gona {}", "gona [1,2,3,4]", "an administrator's note"]) {
      expect(fromAlias("gv-1", alias)).toBeUndefined();
    }
  });
});

test("a spine's label tells which it is, and any other nothing", () => {
  for (const id of ["cap", "local", "in eth1"] as readonly SpineId[]) expect(spineOfAlias(aliasOfSpine(id))).toBe(id);
  const pair = aliasOf("db1" as never, { device: "gv-1", netns: "db", name: "eth0", mac: "52:54:00:aa:00:02" });
  for (const alias of [undefined, "", "gona ", 'gona ["spine"]', 'gona ["spine","in "]', 'gona ["spine","x"]', pair]) {
    expect(spineOfAlias(alias)).toBeUndefined();
  }
  expect(fromAlias("gq-cap", aliasOfSpine("cap"))).toBeUndefined();
});

describe("map entries", () => {
  test("traffic rules are the same after a way through the map", () => {
    const some = (highest: number) =>
      fc.uniqueArray(fc.nat(highest), { minLength: 1 }).map((list) => list.sort((a, b) => a - b));
    const port = fc.integer({ min: 1, max: 65_535 });
    const rule = fc.record(
      {
        part: fc.integer({ min: 1, max: 5 }),
        dscp: some(63),
        pcp: some(7),
        protocol: fc.nat(255),
        ports: fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
      },
      { requiredKeys: ["part"] },
    );
    const latency = fc.integer({ min: 1, max: 2 ** 32 - 1 }).map((us) => nanoseconds(us * 1000));
    const part = fc.record(
      { part: fc.integer({ min: 1, max: 5 }), latency, remarkDscp: fc.nat(63), remarkPcp: fc.nat(7) },
      { requiredKeys: ["part"] },
    );
    const parts = fc
      .uniqueArray(part, { selector: (one) => one.part })
      .map((list) => list.sort((a, b) => a.part - b.part));
    const rules = fc.array(rule, { maxLength: Limit.MAX_RULES });
    survives(fc.record({ vifSlot: slots, rules, parts }), (all) => decodeTrafficRules(encodeTrafficRules(all)));
    const tooMany = Array.from({ length: Limit.MAX_RULES + 1 }, () => ({ part: 1 }));
    expect(() => encodeTrafficRules({ vifSlot: 0, rules: tooMany, parts: [] })).toThrow(RangeError);
  });

  test("stations, addresses and segments are the same after a way through the map", () => {
    const station = fc.record({
      ...place,
      mac: macs,
      vifSlot: slots,
      slice: fc.oneof(fc.constant("own" as const), fc.integer({ min: 0, max: 7 })),
    });
    survives(station, (value) => decodeStation(encodeStation(value)));
    const address = fc.record({ ...place, address: fc.constantFrom("10.0.0.1", "fd00::1"), vifSlot: slots });
    survives(address, (value) => decodeAddress(encodeAddress(value)));
    const segment = fc.record({ ...place, vifSlots: fc.uniqueArray(slots) });
    survives(segment, (value) => decodeSegment(encodeSegment(value)));
    survives(fc.nat(), (index) => indexOf(indexKey(index)));
  });

  test("a struct has the bytes that C gives it", () => {
    const slice = {
      txBytesPerS: 2n,
      rxBytesPerS: 3n,
      nic: 1,
      classid: 0xa09a0008,
      mac: macBytes("52:54:00:aa:00:01"),
      inUse: 1,
    };
    const bytes = gonaAggregate.encode({ slices: [slice], buckets: Uint8Array.of(7) });
    expect(bytes).toHaveLength(256 + Limit.BUCKETS);
    expect(Buffer.from(bytes.subarray(0, 33)).toString("hex")).toBe(
      "020000000000000003000000000000000100000008009aa0525400aa0001010000",
    );
    expect(bytes[256]).toBe(7);
  });

  test("more than fits is refused, less is filled with zeros", () => {
    expect(() => gonaSegment.encode({ count: 0, vifs: Array<number>(Limit.MAX_VIFS + 1).fill(0) })).toThrow(RangeError);
    expect(gonaSegment.decode(gonaSegment.encode({ count: 1, vifs: [5] })).vifs.slice(0, 3)).toEqual([5, 0, 0]);
    expect(() => gonaSegment.decode(new Uint8Array(3))).toThrow(RangeError);
  });

  test("no verdict's number is used twice", () => {
    expect(new Set(Object.values(Verdict)).size).toBe(Object.keys(Verdict).length);
  });
});
