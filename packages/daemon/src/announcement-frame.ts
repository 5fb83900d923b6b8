const ETHERTYPE_RARP = 0x8035;
const ETHERTYPE_VLAN = 0x8100;
const MINIMUM_LENGTH = 60;
const REQUEST_REVERSE = 3;

/**
 * A broadcast frame that tells switches on which port a MAC lives now: a RARP request with the MAC
 * as source (RFC 903, as QEMU and VMware send after a migration). Peers ignore its content. `vlan`
 * 0: untagged.
 */
export function announcementFrame(mac: string, vlan: number): Uint8Array {
  const source = macBytes(mac);
  const tag = vlan === 0 ? [] : [ETHERTYPE_VLAN >> 8, ETHERTYPE_VLAN & 0xff, vlan >> 8, vlan & 0xff];
  const rarp = [0, 1, 0x08, 0x00, 6, 4, 0, REQUEST_REVERSE, ...source, 0, 0, 0, 0, ...source, 0, 0, 0, 0];
  const bytes = [255, 255, 255, 255, 255, 255, ...source, ...tag, ETHERTYPE_RARP >> 8, ETHERTYPE_RARP & 0xff, ...rarp];
  const frame = new Uint8Array(Math.max(bytes.length, MINIMUM_LENGTH));
  frame.set(bytes);
  return frame;
}

/** `52:54:00:aa:00:01` as six bytes. */
function macBytes(mac: string): number[] {
  const bytes = mac.split(":").map((part) => Number.parseInt(part, 16));
  if (bytes.length !== 6 || bytes.some(Number.isNaN)) throw new RangeError(`not a MAC address: ${mac}`);
  return bytes;
}
