import { encodeLacpdu, type Lacpdu, markerResponse, SLOW_PROTOCOLS_ETHERTYPE, SLOW_PROTOCOLS_MAC } from "@gona/planner";
import { ethernetFrame, macBytes } from "../ethernet-frame.ts";

const HEADER_BYTES = 14;
const SLOW = { to: macBytes(SLOW_PROTOCOLS_MAC), vlan: 0, type: SLOW_PROTOCOLS_ETHERTYPE };

/** What the ports of a bundle listen for. */
export const LACP_FILTER = { etherType: SLOW_PROTOCOLS_ETHERTYPE, group: SLOW.to };

/** A LACPDU from a port's own MAC. Throws RangeError for what is no MAC. */
export const lacpFrame = (mac: string, pdu: Lacpdu): Uint8Array =>
  ethernetFrame({ ...SLOW, from: macBytes(mac) }, [...encodeLacpdu(pdu)]);

/** The answer to a Marker PDU; undefined for any other frame. */
export function markerAnswer(mac: string, frame: Uint8Array): Uint8Array | undefined {
  const answer = markerResponse(slowPayload(frame));
  return answer && ethernetFrame({ ...SLOW, from: macBytes(mac) }, [...answer]);
}

/** What follows the EtherType. */
export const slowPayload = (frame: Uint8Array): Uint8Array => frame.subarray(HEADER_BYTES);
