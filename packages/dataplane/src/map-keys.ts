import type { AddressEntry, Segment, Station } from "@gona/planner";
import { gonaAddressKey, gonaSegment, gonaSegmentKey, gonaStation, gonaStationKey, Limit } from "./abi.ts";
import { ipBytes, ipText } from "./ip-bytes.ts";
import { macBytes, macText } from "./mac-bytes.ts";

/** Key of an array map. */
export function indexKey(index: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, index, true);
  return key;
}

export const indexOf = (key: Uint8Array): number =>
  (key[0] ?? 0) | ((key[1] ?? 0) << 8) | ((key[2] ?? 0) << 16) | ((key[3] ?? 0) << 24);

/** A key and value of a hash map. */
export type MapEntry = readonly [key: Uint8Array, value: Uint8Array];

export const encodeStation = (station: Station): MapEntry => [
  gonaStationKey.encode({ ...station, mac: macBytes(station.mac) }),
  gonaStation.encode({ vif: station.vifSlot, slice: station.slice === "own" ? Limit.OWN_MAC : station.slice }),
];

export function decodeStation([key, value]: MapEntry): Station {
  const { fabric, vlan, mac } = gonaStationKey.decode(key);
  const { vif, slice } = gonaStation.decode(value);
  return { fabric, vlan, mac: macText(mac), vifSlot: vif, slice: slice === Limit.OWN_MAC ? "own" : slice };
}

export const encodeAddress = (entry: AddressEntry): MapEntry => [
  gonaAddressKey.encode({ ...entry, address: ipBytes(entry.address) }),
  indexKey(entry.vifSlot),
];

export function decodeAddress([key, value]: MapEntry): AddressEntry {
  const { fabric, vlan, address } = gonaAddressKey.decode(key);
  const vifSlot = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
  return { fabric, vlan, address: ipText(address), vifSlot };
}

export const encodeSegment = (segment: Segment): MapEntry => [
  gonaSegmentKey.encode(segment),
  gonaSegment.encode({ count: segment.vifSlots.length, vifs: segment.vifSlots }),
];

export function decodeSegment([key, value]: MapEntry): Segment {
  // Not by the codec: it would read all 4096 places where most segments fill a few.
  const view = new DataView(value.buffer, value.byteOffset);
  const count = Math.min(view.getUint32(0, true), Limit.MAX_VIFS);
  const vifSlots = Array.from({ length: count }, (_, index) => view.getUint16(4 + 2 * index, true));
  return { ...gonaSegmentKey.decode(key), vifSlots };
}
