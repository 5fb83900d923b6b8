import { AF_UNSPEC } from "./constants.ts";
import type { MessageWriter } from "./message-writer.ts";

/** struct tcmsg. */
export const TC_HEADER_BYTES = 20;

/** The header of every traffic control message; unsigned 32-bit fields. */
export function writeTcHeader(writer: MessageWriter, ifindex: number, handle: number, parent: number, info = 0): void {
  writer.u8(AF_UNSPEC).u8(0).u16(0).u32(ifindex).u32(handle).u32(parent).u32(info);
}

export const tcIfindex = (view: DataView, start: number): number => view.getInt32(start + 4, true);
export const tcHandleOf = (view: DataView, start: number): number => view.getUint32(start + 8, true);
export const tcParentOf = (view: DataView, start: number): number => view.getUint32(start + 12, true);
export const tcInfoOf = (view: DataView, start: number): number => view.getUint32(start + 16, true);

/**
 * Writes struct tc_ratespec. Link layer ethernet: the kernel computes times itself and wants no
 * rate table. The field is 32 bits of bytes/s; a RATE64 attribute beside it holds faster ones.
 */
export function writeRateSpec(writer: MessageWriter, bytesPerSecond: number, overheadBytes = 0): void {
  writer.u8(0).u8(1).u16(overheadBytes).u16(0).u16(0).u32(Math.min(bytesPerSecond, 0xffffffff));
}
export const RATE_SPEC_BYTES = 12;

/** What a struct tc_ratespec adds to each packet. */
export const overheadOf = (view: DataView, at: number): number => view.getUint16(at + 2, true);

/** The 32 bits of a struct tc_ratespec; all ones where a RATE64 attribute holds the rate. */
export const rateOf = (view: DataView, at: number): number => view.getUint32(at + 8, true);
