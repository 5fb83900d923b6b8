import type { LinkState } from "../kernel.ts";
import type { MacvlanMode } from "../virtual-link.ts";
import { AttributeCursor } from "./attribute-cursor.ts";
import * as nl from "./constants.ts";
import { decodeMacvlanMode, isMacvlan } from "./macvlan-mode.ts";
import type { MessageWriter } from "./message-writer.ts";

/** struct ifinfomsg. */
export const LINK_HEADER_BYTES = 16;

/** What a link message says, before the master's name is known. */
export interface LinkMessage {
  readonly link: Omit<LinkState, "master">;
  /** Ifindex of the bridge, bond or team; 0 where there is none. */
  readonly masterIndex: number;
  /** Ifindex of the veth peer or lower link, in its own namespace; 0 where there is none. */
  readonly linkIndex: number;
}

/** Of one link by ifindex; `ifindex` 0 with `name` where it is known by name. */
export function writeLinkQuery(writer: MessageWriter, ifindex: number, name?: string): void {
  writeHeader(writer, ifindex, 0, 0);
  if (name !== undefined) writer.attributeText(nl.IFLA_IFNAME, name);
}

export interface LinkChange {
  readonly alias?: string;
  readonly up?: boolean;
  readonly promiscuous?: boolean;
  readonly mac?: string;
  readonly mtu?: number;
  readonly txQueueLength?: number;
  /** Descriptor of the namespace to move it to. */
  readonly netnsFd?: number;
  readonly name?: string;
  /** Ifindex of the bridge to become a port of; 0: of none. */
  readonly masterIndex?: number;
  /** No link-local address by itself. A kernel without IPv6 refuses it. */
  readonly noIpv6Address?: true;
}

export function writeLinkChange(writer: MessageWriter, ifindex: number, change: LinkChange): void {
  let flags = 0;
  let mask = 0;
  if (change.up !== undefined) {
    mask |= nl.IFF_UP;
    flags |= change.up ? nl.IFF_UP : 0;
  }
  if (change.promiscuous !== undefined) {
    mask |= nl.IFF_PROMISC;
    flags |= change.promiscuous ? nl.IFF_PROMISC : 0;
  }
  writeHeader(writer, ifindex, flags, mask);
  if (change.name !== undefined) writer.attributeText(nl.IFLA_IFNAME, change.name);
  if (change.mac !== undefined) writer.attributeBytes(nl.IFLA_ADDRESS, parseMac(change.mac));
  if (change.mtu !== undefined) writer.attributeU32(nl.IFLA_MTU, change.mtu);
  if (change.txQueueLength !== undefined) writer.attributeU32(nl.IFLA_TXQLEN, change.txQueueLength);
  if (change.alias !== undefined) writer.attributeText(nl.IFLA_IFALIAS, change.alias);
  if (change.netnsFd !== undefined) writer.attributeU32(nl.IFLA_NET_NS_FD, change.netnsFd);
  if (change.masterIndex !== undefined) writer.attributeU32(nl.IFLA_MASTER, change.masterIndex);
  if (change.noIpv6Address) writeNoIpv6Address(writer);
}

function writeNoIpv6Address(writer: MessageWriter): void {
  const families = writer.open(nl.IFLA_AF_SPEC);
  const inet6 = writer.open(nl.AF_INET6);
  writer.attributeBytes(nl.IFLA_INET6_ADDR_GEN_MODE, Uint8Array.of(nl.IN6_ADDR_GEN_MODE_NONE));
  writer.close(inet6);
  writer.close(families);
}

export function writeLinkDelete(writer: MessageWriter, ifindex: number): void {
  writeHeader(writer, ifindex, 0, 0);
}

export interface VethEnd {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  /** Else the kernel picks one. Two ends with one ifindex would lose linkwatch's urgency. */
  readonly ifindex?: number;
  /** Else the namespace of the socket. */
  readonly netnsFd?: number;
}

export function writeVethPair(writer: MessageWriter, near: VethEnd, far: VethEnd): void {
  writeVethEnd(writer, near);
  const info = writer.open(nl.IFLA_LINKINFO);
  writer.attributeText(nl.IFLA_INFO_KIND, "veth");
  const data = writer.open(nl.IFLA_INFO_DATA);
  const peer = writer.open(nl.VETH_INFO_PEER);
  writeVethEnd(writer, far);
  writer.close(peer);
  writer.close(data);
  writer.close(info);
}

/** A link that needs no more than its kind: bridge, dummy, ifb. */
export function writeSimpleLink(writer: MessageWriter, kind: string, end: VethEnd): void {
  writeVethEnd(writer, end);
  const info = writer.open(nl.IFLA_LINKINFO);
  writer.attributeText(nl.IFLA_INFO_KIND, kind);
  writer.close(info);
}

/** `start` is that of struct ifinfomsg. */
export function decodeLink(view: DataView, start: number, end: number): LinkMessage {
  const flags = view.getUint32(start + 8, true);
  const up = (flags & nl.IFF_UP) !== 0;
  let alias = "";
  let masterIndex = 0;
  let linkIndex = 0;
  let macvlan: MacvlanMode | undefined;
  const link = {
    name: "",
    ifindex: view.getInt32(start + 4, true),
    kind: "",
    mac: "",
    mtu: 0,
    up,
    carrier: up && (flags & nl.IFF_LOWER_UP) !== 0,
    peerElsewhere: false,
    txBytes: 0n,
    rxBytes: 0n,
    txPackets: 0n,
    rxPackets: 0n,
    txDropped: 0n,
    rxDropped: 0n,
  };
  const cursor = new AttributeCursor(view, start + LINK_HEADER_BYTES, end);
  while (cursor.next()) {
    switch (cursor.type) {
      case nl.IFLA_IFNAME:
        link.name = cursor.text;
        break;
      case nl.IFLA_ADDRESS:
        link.mac = formatMac(cursor.bytes);
        break;
      case nl.IFLA_IFALIAS:
        alias = cursor.text;
        break;
      case nl.IFLA_MTU:
        link.mtu = cursor.u32;
        break;
      case nl.IFLA_LINK:
        linkIndex = cursor.u32;
        break;
      case nl.IFLA_MASTER:
        masterIndex = cursor.u32;
        break;
      case nl.IFLA_LINK_NETNSID:
        link.peerElsewhere = true;
        break;
      case nl.IFLA_LINKINFO:
        for (const info = cursor.nested(); info.next(); ) {
          if (info.type === nl.IFLA_INFO_KIND) link.kind = info.text;
          // The kernel gives the kind before what only the kind explains.
          else if (info.type === nl.IFLA_INFO_DATA && isMacvlan(link.kind)) macvlan = decodeMacvlanMode(info.nested());
        }
        break;
      case nl.IFLA_STATS64: {
        // struct rtnl_link_stats64
        const at = cursor.start;
        link.rxPackets = view.getBigUint64(at, true);
        link.txPackets = view.getBigUint64(at + 8, true);
        link.rxBytes = view.getBigUint64(at + 16, true);
        link.txBytes = view.getBigUint64(at + 24, true);
        link.rxDropped = view.getBigUint64(at + 48, true);
        link.txDropped = view.getBigUint64(at + 56, true);
        break;
      }
    }
  }
  const more = { ...(alias === "" ? {} : { alias }), ...(macvlan === undefined ? {} : { macvlan }) };
  return { link: { ...link, ...more }, masterIndex, linkIndex };
}

/** Lower case, colon separated; whatever its length. */
export const formatMac = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += (text === "" ? "" : ":") + byte.toString(16).padStart(2, "0");
  return text;
};

/** Throws RangeError unless six bytes in hexadecimal. */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw new RangeError(`${text} is no MAC address`);
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16));
}

function writeVethEnd(writer: MessageWriter, end: VethEnd): void {
  writeHeader(writer, end.ifindex ?? 0, 0, 0);
  writer.attributeText(nl.IFLA_IFNAME, end.name);
  if (end.mac !== undefined) writer.attributeBytes(nl.IFLA_ADDRESS, parseMac(end.mac));
  if (end.mtu !== undefined) writer.attributeU32(nl.IFLA_MTU, end.mtu);
  if (end.netnsFd !== undefined) writer.attributeU32(nl.IFLA_NET_NS_FD, end.netnsFd);
}

function writeHeader(writer: MessageWriter, ifindex: number, flags: number, mask: number): void {
  writer.u8(nl.AF_UNSPEC).u8(0).u16(0).u32(ifindex).u32(flags).u32(mask);
}
