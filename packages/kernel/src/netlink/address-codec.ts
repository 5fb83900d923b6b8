import { isIPv4, isIPv6 } from "node:net";
import { AttributeCursor } from "./attribute-cursor.ts";
import * as nl from "./constants.ts";
import type { MessageWriter } from "./message-writer.ts";

/** struct ifaddrmsg. */
const HEADER_BYTES = 8;

/** An address of a link. IPv6 addresses are used at once, without duplicate address detection. */
export function writeAddress(writer: MessageWriter, ifindex: number, address: string): void {
  const { bytes, prefixLength } = parsePrefix(address);
  const family = bytes.length === 4 ? nl.AF_INET : nl.AF_INET6;
  writer.u8(family).u8(prefixLength).u8(0).u8(0).u32(ifindex);
  writer.attributeBytes(nl.IFA_LOCAL, bytes);
  writer.attributeBytes(nl.IFA_ADDRESS, bytes);
  if (family === nl.AF_INET6) writer.attributeU32(nl.IFA_FLAGS, nl.IFA_F_NODAD);
}

/** Of one link, or of all where `ifindex` is 0. */
export function writeAddressQuery(writer: MessageWriter, ifindex: number): void {
  writer.u8(nl.AF_UNSPEC).u8(0).u8(0).u8(0).u32(ifindex);
}

/** `10.0.0.1/24`, and the ifindex that it belongs to. */
export function decodeAddress(view: DataView, start: number, end: number): { ifindex: number; address: string } {
  const prefixLength = view.getUint8(start + 1);
  let bytes: Uint8Array = new Uint8Array();
  const cursor = new AttributeCursor(view, start + HEADER_BYTES, end);
  while (cursor.next()) {
    // On a point-to-point link IFA_ADDRESS is the other side's; IFA_LOCAL, where given, is ours.
    if (cursor.type === nl.IFA_LOCAL || (cursor.type === nl.IFA_ADDRESS && bytes.length === 0)) bytes = cursor.bytes;
  }
  return { ifindex: view.getUint32(start + 4, true), address: `${formatAddress(bytes)}/${prefixLength}` };
}

/** `10.0.0.1/24` or `fd00::1/64`. Throws RangeError without a valid prefix length. */
export function parsePrefix(text: string): { bytes: Uint8Array; prefixLength: number } {
  const [address = "", length = ""] = text.split("/");
  const bytes = parseAddress(address);
  const prefixLength = Number(length);
  if (!/^\d+$/.test(length) || prefixLength > bytes.length * 8) {
    throw new RangeError(`${text} needs a prefix length, as in 10.0.0.1/24`);
  }
  return { bytes, prefixLength };
}

/** Four or sixteen bytes. Throws RangeError. */
export function parseAddress(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  if (!isIPv6(text) || text.includes("%")) throw new RangeError(`${text} is no IP address`);
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const hex = tail === null ? text : `${tail[1]}${pairs(parseAddress(tail[2] ?? ""))}`;
  const [head = "", rest] = hex.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = rest === undefined || rest === "" ? [] : rest.split(":");
  const words = rest === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill("0"), ...right];
  return Uint8Array.from(words.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 0xff]));
}

/** Canonical text (RFC 5952 for IPv6). */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  return new URL(`http://[${words.map((word) => word.toString(16)).join(":")}]`).hostname.slice(1, -1);
}

const pairs = (bytes: Uint8Array): string =>
  `${(((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)).toString(16)}:${(((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)).toString(16)}`;
