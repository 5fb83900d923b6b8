import { BROADCAST, ethernetFrame, macBytes } from "./ethernet-frame.ts";

const ETHERTYPE_RARP = 0x8035;
const REQUEST_REVERSE = 3;

/**
 * A broadcast frame that tells switches on which port a MAC lives now: a RARP request with the MAC
 * as source (RFC 903, as QEMU and VMware send after a migration). Peers ignore its content. `vlan`
 * 0: untagged.
 */
export function announcementFrame(mac: string, vlan: number): Uint8Array {
  const source = macBytes(mac);
  const rarp = [0, 1, 0x08, 0x00, 6, 4, 0, REQUEST_REVERSE, ...source, 0, 0, 0, 0, ...source, 0, 0, 0, 0];
  return ethernetFrame({ to: BROADCAST, from: source, vlan, type: ETHERTYPE_RARP }, rarp);
}
