import { expect, test } from "vitest";
import { PRISTINE_VF, type VfState } from "../virtual-function.ts";
import { NLM_F_ACK, RTM_NEWLINK } from "./constants.ts";
import { writeMacvlan } from "./macvlan-codec.ts";
import { MessageWriter } from "./message-writer.ts";
import { decodeVfs, writeVfChange } from "./vf-codec.ts";

function message(write: (writer: MessageWriter) => void): { hex: string; view: DataView } {
  const writer = new MessageWriter(4096);
  writer.begin(RTM_NEWLINK, NLM_F_ACK, 7);
  write(writer);
  writer.end();
  const bytes = writer.buffer.subarray(0, writer.length);
  return { hex: bytes.subarray(16).toString("hex"), view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

const VF: VfState = {
  vf: 5,
  mac: "52:54:00:aa:00:01",
  vlan: 20,
  rate: { minMegabits: 300, maxMegabits: 2000 },
  spoofCheck: true,
  linkState: "auto",
  trust: false,
};

/** Below struct nlmsghdr; iproute2 6.1's, by strace. */
const BY_IPROUTE2 = {
  // ip link set dev nic0 vf 5 mac 52:54:00:aa:00:01 vlan 20 spoofchk on trust off state auto max_tx_rate 2000 min_tx_rate 300
  vf: [
    "00000000030000000000000000000000",
    "7400160070000100",
    `2800010005000000525400aa0001${"0".repeat(52)}`,
    "10000200050000001400000000000000",
    "0c0004000500000001000000",
    "0c0009000500000000000000",
    "0c0005000500000000000000",
    "10000600050000002c010000d0070000",
  ],
  // ip link add link nic0 name mt0 address 52:54:00:aa:00:01 type macvtap mode private
  macvtap: [
    "00000000000000000000000000000000",
    "0a000100525400aa00010000",
    "0800050003000000",
    "080003006d743000",
    "1c001200",
    "0c0001006d61637674617000", // 0b there: iproute2 sends the kind without its NUL
    "0c0002000800010001000000",
  ],
};

test("a virtual function is set in iproute2's very bytes, and read back from them", () => {
  const { hex, view } = message((writer) => writeVfChange(writer, 3, VF));
  expect(hex).toBe(BY_IPROUTE2.vf.join(""));
  expect(decodeVfs(view, 16, view.byteLength)).toEqual([VF]);
});

test("a macvtap is made in iproute2's bytes", () => {
  const { hex } = message((writer) =>
    writeMacvlan(writer, { kind: "macvtap", name: "mt0", lowerIndex: 3, mode: "private", mac: VF.mac }),
  );
  expect(hex).toBe(BY_IPROUTE2.macvtap.join(""));
});

test("what is not to change is not sent", () => {
  const { view } = message((writer) => writeVfChange(writer, 3, { vf: 1, trust: true, linkState: "disable" }));
  expect(decodeVfs(view, 16, view.byteLength)).toEqual([
    { ...PRISTINE_VF, vf: 0, spoofCheck: false, trust: true, linkState: "disable" },
  ]);
});

test("a driver that does not know a setting leaves -1 there, which is off", () => {
  const { view } = message((writer) => writeVfChange(writer, 3, { ...VF, trust: true }));
  // struct ifla_vf_spoofchk and ifla_vf_trust: the number, then the setting.
  for (let at = 16 + 16; at < view.byteLength - 12; at += 4) {
    const type = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 12 && (type === 4 || type === 9)) view.setUint32(at + 8, 0xffffffff, true);
  }
  expect(decodeVfs(view, 16, view.byteLength)).toEqual([{ ...VF, spoofCheck: false, trust: false }]);
});
