import { expect, test } from "vitest";
import { type Qdisc, TC_ROOT, tcHandle } from "../kernel-op.ts";
import { decodeAddress, formatAddress, parseAddress, parsePrefix, writeAddress } from "./address-codec.ts";
import { decodeHtbClass, writeHtbClass } from "./class-codec.ts";
import { NLM_F_ACK, RTM_NEWTCLASS } from "./constants.ts";
import { decodeBpfFilter, writeBpfFilter } from "./filter-codec.ts";
import { decodeLink, formatMac, parseMac, writeLinkChange, writeVethPair } from "./link-codec.ts";
import { MessageWriter } from "./message-writer.ts";
import { decodeQdisc, writeQdisc } from "./qdisc-codec.ts";

/** What `write` puts behind the netlink header, as hex words and as a view. */
function message(write: (writer: MessageWriter) => void): { hex: string; view: DataView } {
  const writer = new MessageWriter(4096);
  writer.begin(RTM_NEWTCLASS, NLM_F_ACK, 7);
  write(writer);
  writer.end();
  const bytes = writer.buffer.subarray(0, writer.length);
  expect(bytes.readUInt32LE(0)).toBe(bytes.length);
  const hex = bytes
    .subarray(16)
    .toString("hex")
    .replace(/.{8}(?=.)/g, "$& ");
  return { hex, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

test("an HTB class beyond 34.36 Gbit/s has its rates twice: capped, and in 64 bits", () => {
  const htb = {
    rateBytesPerSecond: 5_000_000_000,
    ceilBytesPerSecond: 12_500_000_000,
    bufferTicks: 0x13131,
    cbufferTicks: 0x20202,
    quantumBytes: 60_000,
    priority: 3,
  };
  const { hex, view } = message((writer) => writeHtbClass(writer, 5, tcHandle(0xa09a, 1), tcHandle(0xa09a, 8), htb));
  expect(hex).toBe(
    [
      "00000000 05000000 08009aa0 01009aa0 00000000", // tcmsg: ifindex 5, handle a09a:8, parent a09a:1
      "08000100 68746200", // TCA_KIND htb
      "4c000280", // TCA_OPTIONS
      "0c000600 00f2052a 01000000", // TCA_HTB_RATE64
      "0c000700 00dd0ee9 02000000", // TCA_HTB_CEIL64
      "30000100", // TCA_HTB_PARMS
      "00010000 00000000 ffffffff", // rate: linklayer ethernet, no table
      "00010000 00000000 ffffffff", // ceil
      "31310100 02020200 60ea0000 00000000 03000000",
    ].join(" "),
  );
  expect(decodeHtbClass("nic0", view, 16, view.byteLength)).toMatchObject({ classid: tcHandle(0xa09a, 8), htb });
});

test("a slow HTB class has no 64-bit attributes", () => {
  const htb = {
    rateBytesPerSecond: 8000,
    ceilBytesPerSecond: 2 ** 32 - 1,
    bufferTicks: 1,
    cbufferTicks: 0xffffffff,
    quantumBytes: 1000,
    priority: 0,
  };
  const { hex, view } = message((writer) => writeHtbClass(writer, 1, TC_ROOT, tcHandle(1, 1), htb));
  expect(hex).toContain("34000280 30000100 00010000 00000000 401f0000");
  expect(decodeHtbClass("nic0", view, 16, view.byteLength)?.htb).toEqual(htb);
});

test.each<[Qdisc, string]>([
  [
    { kind: "htb", defaultMinor: 2, directQueueLength: 1000 },
    "08000100 68746200 24000280 18000200 03000000 0a000000 02000000 00000000 00000000 08000500 e8030000",
  ],
  [
    { kind: "htb", defaultMinor: 2, directQueueLength: 1000, offload: true },
    "08000100 68746200 28000280 18000200 03000000 0a000000 02000000 00000000 00000000 08000500 e8030000 04000900",
  ],
  [{ kind: "clsact" }, "0b000100 636c7361 63740000"],
  [{ kind: "bfifo", limitBytes: 150_000 }, "0a000100 62666966 6f000000 08000200 f0490200"],
  [{ kind: "pfifo", limitPackets: 50 }, "0a000100 70666966 6f000000 08000200 32000000"],
  [
    { kind: "tbf", rateBytesPerSecond: 6_250_000_000, bufferTicks: 31, limitBytes: 400_000 },
    "08000100 74626600 38000280 28000100 00010000 00000000 ffffffff 00010000 00000000 00000000 801a0600 1f000000 00000000 0c000400 806e8774 01000000",
  ],
  [
    {
      kind: "fq_codel",
      limitPackets: 1024,
      flows: 256,
      targetUs: 5000,
      intervalUs: 100_000,
      quantumBytes: 1514,
      memoryLimitBytes: 4_000_000,
      ecn: true,
    },
    "0d000100 66715f63 6f64656c 00000000 3c000280 08000200 00040000 08000500 00010000 08000600 ea050000 08000300 a0860100 08000100 88130000 08000400 01000000 08000900 00093d00",
  ],
  [
    { kind: "fq", limitPackets: 100_000, flowLimitPackets: 4096 },
    "07000100 66710000 14000280 08000100 a0860100 08000200 00100000",
  ],
])("a qdisc has its golden bytes and reads back: %o", (qdisc, golden) => {
  const { hex, view } = message((writer) => writeQdisc(writer, 9, TC_ROOT, tcHandle(0xa09a, 0), qdisc));
  expect(hex).toBe(`00000000 09000000 00009aa0 ffffffff 00000000 ${golden}`);
  expect(decodeQdisc(view, 16, view.byteLength)).toEqual({
    ifindex: 9,
    parent: TC_ROOT,
    handle: tcHandle(0xa09a, 0),
    qdisc,
  });
});

test("a qdisc of a kind that GONA does not make is read by name and cannot be written", () => {
  const { view } = message((writer) => writeQdisc(writer, 1, TC_ROOT, tcHandle(1, 0), { kind: "clsact" }));
  new Uint8Array(view.buffer, view.byteOffset).set(Buffer.from("noqueu"), 16 + 20 + 4);
  expect(decodeQdisc(view, 16, view.byteLength).qdisc).toEqual({ kind: "other", name: "noqueu" });
  expect(() =>
    message((writer) => writeQdisc(writer, 1, TC_ROOT, tcHandle(1, 0), { kind: "other", name: "fq" })),
  ).toThrow(RangeError);
});

test("a filter names its program, its slot and direct action", () => {
  const filter = { preference: 0xa09a, programFd: 21, name: "from_guest", classid: 0x1002 };
  const { hex, view } = message((writer) => writeBpfFilter(writer, 3, filter));
  expect(hex).toBe(
    [
      "00000000 03000000 01000000 f2ffffff 00039aa0",
      "08000100 62706600",
      "2c000280 08000300 02100000 08000600 15000000 0f000700 66726f6d 5f677565 73740000 08000800 01000000",
    ].join(" "),
  );
  expect(decodeBpfFilter("nic0", view, 16, view.byteLength)).toMatchObject({
    preference: 0xa09a,
    program: "from_guest",
    classid: 0x1002,
  });
});

test("a veth pair carries its far end, with the namespace that it is born in", () => {
  const { hex } = message((writer) =>
    writeVethPair(writer, { name: "gv-1" }, { name: "eth0", mac: "52:54:00:aa:00:01", netnsFd: 33 }),
  );
  expect(hex).toBe(
    [
      "00000000 00000000 00000000 00000000 09000300 67762d31 00000000",
      "48001280 09000100 76657468 00000000 38000280 34000180",
      "00000000 00000000 00000000 00000000 09000300 65746830 00000000 0a000100 525400aa 00010000 08001c00 21000000",
    ].join(" "),
  );
});

test("a link is changed in what is named and nothing else", () => {
  expect(message((writer) => writeLinkChange(writer, 4, { up: false, mtu: 9000 })).hex).toBe(
    "00000000 04000000 00000000 01000000 08000400 28230000",
  );
  const { hex, view } = message((writer) => writeLinkChange(writer, 4, { up: true, promiscuous: true, name: "nic0" }));
  expect(hex.startsWith("00000000 04000000 01010000 01010000 ")).toBe(true);
  expect(decodeLink(view, 16, view.byteLength).link).toMatchObject({
    name: "nic0",
    ifindex: 4,
    up: true,
    carrier: false,
  });
});

test.each([
  ["10.1.2.3", "0a010203"],
  ["::", "0".repeat(32)],
  ["::1", `${"0".repeat(31)}1`],
  ["fd00:8::1", "fd000008000000000000000000000001"],
  ["2001:db8:1:2:3:4:5:6", "20010db8000100020003000400050006"],
  ["::ffff:10.1.2.3", "00000000000000000000ffff0a010203"],
])("address %s is these bytes and back", (text, hex) => {
  const bytes = parseAddress(text);
  expect(Buffer.from(bytes).toString("hex")).toBe(hex);
  expect(parseAddress(formatAddress(bytes))).toEqual(bytes);
});

test("an address message reads back with its prefix length", () => {
  for (const address of ["10.8.0.1/24", "fd00:8::1/64"]) {
    const { view } = message((writer) => writeAddress(writer, 12, address));
    expect(decodeAddress(view, 16, view.byteLength)).toEqual({ ifindex: 12, address });
  }
});

test.each(["10.0.0.1", "10.0.0.1/33", "10.0.0/8", "fe80::1%eth0/64", "fd00::/129", "/24", "10.0.0.1/"])(
  "%s is refused as an address with prefix length",
  (text) => expect(() => parsePrefix(text)).toThrow(RangeError),
);

test("a MAC is six bytes in hexadecimal", () => {
  expect(formatMac(parseMac("52:54:00:AA:00:01"))).toBe("52:54:00:aa:00:01");
  for (const bad of ["52:54:00:aa:00", "52-54-00-aa-00-01", "5254.00aa.0001", "52:54:00:aa:00:0g"]) {
    expect(() => parseMac(bad)).toThrow(RangeError);
  }
});

test("attributes cut short are left out, not read past their end", () => {
  const { view } = message((writer) => writeLinkChange(writer, 4, { name: "nic0", mtu: 9000 }));
  for (let end = 32; end < view.byteLength; end++) expect(decodeLink(view, 16, end).link.mtu).toBe(0);
});
