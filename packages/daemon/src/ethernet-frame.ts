const ETHERTYPE_VLAN = 0x8100;
const MINIMUM_LENGTH = 60;

export const BROADCAST: readonly number[] = [255, 255, 255, 255, 255, 255];

export interface EthernetHeader {
  readonly to: readonly number[];
  readonly from: readonly number[];
  /** 0: untagged. */
  readonly vlan: number;
  readonly type: number;
}

/** A frame that is long enough for the wire. */
export function ethernetFrame({ to, from, vlan, type }: EthernetHeader, payload: readonly number[]): Uint8Array {
  const tag = vlan === 0 ? [] : [ETHERTYPE_VLAN >> 8, ETHERTYPE_VLAN & 0xff, vlan >> 8, vlan & 0xff];
  const bytes = [...to, ...from, ...tag, type >> 8, type & 0xff, ...payload];
  const frame = new Uint8Array(Math.max(bytes.length, MINIMUM_LENGTH));
  frame.set(bytes);
  return frame;
}

/** `52:54:00:aa:00:01` as six bytes. Throws RangeError. */
export function macBytes(mac: string): number[] {
  const bytes = mac.split(":").map((part) => Number.parseInt(part, 16));
  if (bytes.length !== 6 || bytes.some(Number.isNaN)) throw new RangeError(`not a MAC address: ${mac}`);
  return bytes;
}
