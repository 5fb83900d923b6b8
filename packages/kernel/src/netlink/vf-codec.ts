import type { VfChange, VfLinkState, VfState } from "../virtual-function.ts";
import { AttributeCursor } from "./attribute-cursor.ts";
import * as nl from "./constants.ts";
import { formatMac, LINK_HEADER_BYTES, parseMac, writeLinkQuery } from "./link-codec.ts";
import type { MessageWriter } from "./message-writer.ts";

/** struct ifla_vf_mac has room for 32 bytes of address. */
const MAC_ROOM = 32;
const LINK_STATES: readonly VfLinkState[] = ["auto", "enable", "disable"];

/** Asks for the virtual functions with a link (RTEXT_FILTER_VF); statistics are left out. */
export function writeVfQuery(writer: MessageWriter, ifindex: number): void {
  writeLinkQuery(writer, ifindex);
  writer.attributeU32(nl.IFLA_EXT_MASK, nl.RTEXT_FILTER_VF | nl.RTEXT_FILTER_SKIP_STATS);
}

/** One message for all that changes; the kernel hands it to the driver piece by piece, and stops at the first that it refuses. */
export function writeVfChange(writer: MessageWriter, ifindex: number, change: VfChange): void {
  const { vf, mac, vlan, rate, spoofCheck, linkState, trust } = change;
  writeLinkQuery(writer, ifindex);
  const list = writer.open(nl.IFLA_VFINFO_LIST, false);
  const info = writer.open(nl.IFLA_VF_INFO, false);
  if (mac !== undefined) {
    const address = new Uint8Array(MAC_ROOM);
    address.set(parseMac(mac));
    const at = writer.open(nl.IFLA_VF_MAC, false);
    writer.u32(vf);
    for (const byte of address) writer.u8(byte);
    writer.close(at);
  }
  if (vlan !== undefined) writeNumbers(writer, nl.IFLA_VF_VLAN, [vf, vlan, 0]);
  if (spoofCheck !== undefined) writeNumbers(writer, nl.IFLA_VF_SPOOFCHK, [vf, spoofCheck ? 1 : 0]);
  if (trust !== undefined) writeNumbers(writer, nl.IFLA_VF_TRUST, [vf, trust ? 1 : 0]);
  if (linkState !== undefined) writeNumbers(writer, nl.IFLA_VF_LINK_STATE, [vf, LINK_STATES.indexOf(linkState)]);
  if (rate !== undefined) writeNumbers(writer, nl.IFLA_VF_RATE, [vf, rate.minMegabits, rate.maxMegabits]);
  writer.close(info);
  writer.close(list);
}

function writeNumbers(writer: MessageWriter, type: number, numbers: readonly number[]): void {
  const at = writer.open(type, false);
  for (const number of numbers) writer.u32(number);
  writer.close(at);
}

/** The virtual functions of a link message; `start` is that of struct ifinfomsg. What a driver does not tell is as it is after a reset. */
export function decodeVfs(view: DataView, start: number, end: number): readonly VfState[] {
  const vfs: VfState[] = [];
  const cursor = new AttributeCursor(view, start + LINK_HEADER_BYTES, end);
  while (cursor.next()) {
    if (cursor.type !== nl.IFLA_VFINFO_LIST) continue;
    for (const info = cursor.nested(); info.next(); ) {
      if (info.type === nl.IFLA_VF_INFO) vfs.push(decodeVf(view, info.nested()));
    }
  }
  return vfs;
}

function decodeVf(view: DataView, cursor: AttributeCursor): VfState {
  const vf = {
    vf: 0,
    mac: "00:00:00:00:00:00",
    vlan: 0,
    rate: { minMegabits: 0, maxMegabits: 0 },
    spoofCheck: false,
    linkState: "auto" as VfLinkState,
    trust: false,
  };
  while (cursor.next()) {
    // Every one of these begins with the number of the virtual function.
    const word = (index: number): number => view.getUint32(cursor.start + 4 * index, true);
    switch (cursor.type) {
      case nl.IFLA_VF_MAC:
        vf.vf = word(0);
        vf.mac = formatMac(cursor.bytes.subarray(4, 10));
        break;
      case nl.IFLA_VF_VLAN:
        vf.vlan = word(1);
        break;
      case nl.IFLA_VF_RATE:
        vf.rate = { minMegabits: word(1), maxMegabits: word(2) };
        break;
      case nl.IFLA_VF_SPOOFCHK:
        vf.spoofCheck = isOn(word(1));
        break;
      case nl.IFLA_VF_LINK_STATE:
        vf.linkState = LINK_STATES[word(1)] ?? "auto";
        break;
      case nl.IFLA_VF_TRUST:
        vf.trust = isOn(word(1));
        break;
    }
  }
  return vf;
}

/** A driver that does not know leaves -1 there. */
const isOn = (setting: number): boolean => setting === 1;
