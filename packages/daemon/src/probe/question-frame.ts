import type { Neighbour } from "@gona/dataplane";
import { ethernetFrame } from "../ethernet-frame.ts";

const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV6 = 0x86dd;
const ARP_REQUEST = 1;
const ARP_REPLY = 2;
const NEXT_ICMPV6 = 58;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const HOP_LIMIT = 255;
const SOURCE_LINK_ADDRESS = 1;

/** Frames that may be answers, one sort for each way of asking; see FramePortOptions. */
export const ANSWERS = [
  { ethertype: ETHERTYPE_ARP, only: { at: 20, bytes: 2, value: ARP_REPLY } },
  { ethertype: ETHERTYPE_IPV6, only: { at: 54, bytes: 1, value: ADVERTISEMENT } },
] as const;

/**
 * Asks a machine for its own address, and teaches it nothing: an ARP probe (RFC 5227: no sender address, answered by
 * whoever has it), or a neighbour solicitation from a link-local address made of the NIC's MAC. The
 * answer goes to the NIC's own MAC alone.
 */
export function questionFrame(nicMac: readonly number[], { vlan, mac, address }: Neighbour): Uint8Array {
  const to = [...mac];
  const ip = [...address];
  if (ip.slice(0, 10).every((byte) => byte === 0) && ip[10] === 0xff && ip[11] === 0xff) {
    const nobody = [0, 0, 0, 0];
    const arp = [0, 1, 0x08, 0x00, 6, 4, 0, ARP_REQUEST, ...nicMac, ...nobody, 0, 0, 0, 0, 0, 0, ...ip.slice(12)];
    return ethernetFrame({ to, from: nicMac, vlan, type: ETHERTYPE_ARP }, arp);
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = nicMac;
  const source = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f];
  const message = [SOLICITATION, 0, 0, 0, 0, 0, 0, 0, ...ip, SOURCE_LINK_ADDRESS, 1, ...nicMac];
  const sum = checksum([...source, ...ip, 0, 0, 0, message.length, 0, 0, 0, NEXT_ICMPV6, ...message]);
  message.splice(2, 2, sum >> 8, sum & 0xff);
  const header = [0x60, 0, 0, 0, 0, message.length, NEXT_ICMPV6, HOP_LIMIT, ...source, ...ip];
  return ethernetFrame({ to, from: nicMac, vlan, type: ETHERTYPE_IPV6 }, [...header, ...message]);
}

/** An ARP reply or a neighbour advertisement for this MAC. */
export function isAnswer(frame: Uint8Array, nicMac: readonly number[]): boolean {
  for (let at = 0; at < 6; at++) if (frame[at] !== nicMac[at]) return false;
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type === ETHERTYPE_ARP) return frame[21] === ARP_REPLY;
  return type === ETHERTYPE_IPV6 && frame[20] === NEXT_ICMPV6 && frame[54] === ADVERTISEMENT;
}

/** RFC 1071. */
function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
