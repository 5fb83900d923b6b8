import { ipBytes } from "@gona/dataplane";
import { BROADCAST, ethernetFrame, macBytes } from "./ethernet-frame.ts";

const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV6 = 0x86dd;
const REQUEST = 1;
/** ff02::1 and its MAC. */
const ALL_NODES = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const ALL_NODES_MAC = [0x33, 0x33, 0, 0, 0, 1];
const NEXT_ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** Neighbour discovery is taken from the same link alone, and this hop limit tells it (RFC 4861). */
const HOP_LIMIT = 255;
const OVERRIDE = 0x20;
const TARGET_LINK_ADDRESS = 2;

/**
 * Tells peers that hold an address under another MAC where it is now: a gratuitous ARP request (RFC
 * 5227) or an unsolicited neighbour advertisement. Who does not know the address learns nothing. `peer`: the
 * MAC of the only one that is to hear it.
 */
export function addressFrame(mac: string, vlan: number, address: string, peer?: string): Uint8Array {
  const source = macBytes(mac);
  const ip = [...ipBytes(address)];
  const to = peer === undefined ? undefined : macBytes(peer);
  if (!address.includes(":")) {
    const sender = ip.slice(12);
    const arp = [0, 1, 0x08, 0x00, 6, 4, 0, REQUEST, ...source, ...sender, 0, 0, 0, 0, 0, 0, ...sender];
    return ethernetFrame({ to: to ?? BROADCAST, from: source, vlan, type: ETHERTYPE_ARP }, arp);
  }
  const advertisement = [NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, OVERRIDE, 0, 0, 0, ...ip, TARGET_LINK_ADDRESS, 1, ...source];
  const sum = checksum([...ip, ...ALL_NODES, 0, 0, 0, advertisement.length, 0, 0, 0, NEXT_ICMPV6, ...advertisement]);
  advertisement.splice(2, 2, sum >> 8, sum & 0xff);
  const header = [0x60, 0, 0, 0, 0, advertisement.length, NEXT_ICMPV6, HOP_LIMIT, ...ip, ...ALL_NODES];
  return ethernetFrame({ to: to ?? ALL_NODES_MAC, from: source, vlan, type: ETHERTYPE_IPV6 }, [
    ...header,
    ...advertisement,
  ]);
}

/** The ones' complement of the ones' complement sum of 16-bit words (RFC 1071); `bytes` are even in number. */
function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
