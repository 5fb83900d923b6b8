import type { LinkState } from "@gona/kernel";
import { SPINE_PREFIX } from "@gona/model";

const ETHERNET_MTU = 1500;
const LOOPBACK = "lo";

/**
 * The MTU that a segmenter on a link cuts to: the link's own, but on a spine, which takes everything,
 * the longest of the hub's other links, so that no frame that a guest or NIC may send is too long
 * (tbf would drop it). `longest`: longestMtu() of the hub.
 */
export function segmentMtu(link: LinkState, longest: () => number): number {
  return link.name.startsWith(SPINE_PREFIX) ? longest() : link.mtu;
}

/** The longest MTU of the links that frames come from. */
export function longestMtu(links: Iterable<LinkState>): number {
  let longest = ETHERNET_MTU;
  for (const { name, mtu, peer } of links) {
    // Both ends of a spine have their peer here, as have other pairs that lead nowhere else.
    if (name !== LOOPBACK && peer === undefined) longest = Math.max(longest, mtu);
  }
  return longest;
}
