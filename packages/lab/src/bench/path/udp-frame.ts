import { macBytes } from "../mac-bytes.ts";

/** One Ethernet/IPv4/UDP frame of 60 bytes: 64 on the wire with its FCS. */
export interface UdpFlow {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

const FRAME_BYTES = 60;
const ETHERNET_BYTES = 14;
const IP_BYTES = 20;
const UDP = 17;

const addressBytes = (address: string): number[] => address.split(".").map(Number);

export function udpFrame(flow: UdpFlow): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES);
  const view = new DataView(frame.buffer);
  frame.set(macBytes(flow.destinationMac), 0);
  frame.set(macBytes(flow.sourceMac), 6);
  view.setUint16(12, 0x0800);
  const ip = ETHERNET_BYTES;
  view.setUint8(ip, 0x45);
  view.setUint16(ip + 2, FRAME_BYTES - ETHERNET_BYTES);
  view.setUint8(ip + 8, 64);
  view.setUint8(ip + 9, UDP);
  frame.set(addressBytes(flow.source), ip + 12);
  frame.set(addressBytes(flow.destination), ip + 16);
  view.setUint16(ip + 10, checksum(view, ip, IP_BYTES));
  const udp = ip + IP_BYTES;
  view.setUint16(udp, flow.sourcePort);
  view.setUint16(udp + 2, flow.destinationPort);
  // No UDP checksum (0): allowed over IPv4.
  view.setUint16(udp + 4, FRAME_BYTES - udp);
  return frame;
}

function checksum(view: DataView, at: number, length: number): number {
  let sum = 0;
  for (let offset = at; offset < at + length; offset += 2) sum += view.getUint16(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
