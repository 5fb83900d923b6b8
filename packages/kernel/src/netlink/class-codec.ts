import type { ClassState } from "../kernel.ts";
import type { HtbClass, TcHandle } from "../kernel-op.ts";
import { AttributeCursor } from "./attribute-cursor.ts";
import * as nl from "./constants.ts";
import type { MessageWriter } from "./message-writer.ts";
import {
  overheadOf,
  RATE_SPEC_BYTES,
  rateOf,
  TC_HEADER_BYTES,
  tcHandleOf,
  tcInfoOf,
  tcParentOf,
  writeRateSpec,
  writeTcHeader,
} from "./tc-header.ts";

export function writeHtbClass(
  writer: MessageWriter,
  ifindex: number,
  parent: TcHandle,
  classid: TcHandle,
  htb: HtbClass,
): void {
  writeTcHeader(writer, ifindex, classid, parent);
  writer.attributeText(nl.TCA_KIND, "htb");
  const options = writer.open(nl.TCA_OPTIONS);
  // A u32 of bytes/s ends at 34.36 Gbit/s; the 64-bit attributes hold what lies above.
  if (htb.rateBytesPerSecond >= 2 ** 32) writer.attributeU64(nl.TCA_HTB_RATE64, htb.rateBytesPerSecond);
  if (htb.ceilBytesPerSecond >= 2 ** 32) writer.attributeU64(nl.TCA_HTB_CEIL64, htb.ceilBytesPerSecond);
  const parms = writer.open(nl.TCA_HTB_PARMS, false);
  writeRateSpec(writer, htb.rateBytesPerSecond, htb.overheadBytes);
  writeRateSpec(writer, htb.ceilBytesPerSecond, htb.overheadBytes);
  writer.u32(htb.bufferTicks).u32(htb.cbufferTicks).u32(htb.quantumBytes).u32(0).u32(htb.priority);
  writer.close(parms);
  writer.close(options);
}

export function writeClassQuery(writer: MessageWriter, ifindex: number, classid = 0): void {
  writeTcHeader(writer, ifindex, classid, 0);
}

/** Undefined for a class that is not HTB's (tbf shows its inner queue as a class). */
export function decodeHtbClass(link: string, view: DataView, start: number, end: number): ClassState | undefined {
  let wideRate: number | undefined;
  let wideCeil: number | undefined;
  let parms = 0;
  let offload = false;
  let basic = 0;
  let packets64 = 0;
  let queue = 0;
  const cursor = new AttributeCursor(view, start + TC_HEADER_BYTES, end);
  while (cursor.next()) {
    if (cursor.type === nl.TCA_KIND) {
      if (cursor.text !== "htb") return undefined;
    } else if (cursor.type === nl.TCA_OPTIONS) {
      for (const option = cursor.nested(); option.next(); ) {
        if (option.type === nl.TCA_HTB_PARMS) parms = option.start;
        else if (option.type === nl.TCA_HTB_RATE64) wideRate = option.u64;
        else if (option.type === nl.TCA_HTB_CEIL64) wideCeil = option.u64;
        else if (option.type === nl.TCA_HTB_OFFLOAD) offload = true;
      }
    } else if (cursor.type === nl.TCA_STATS2) {
      for (const stat = cursor.nested(); stat.next(); ) {
        if (stat.type === nl.TCA_STATS_BASIC) basic = stat.start;
        else if (stat.type === nl.TCA_STATS_PKT64) packets64 = stat.start;
        else if (stat.type === nl.TCA_STATS_QUEUE) queue = stat.start;
      }
    }
  }
  if (parms === 0) return undefined;
  const rate = rateOf(view, parms);
  const ceil = rateOf(view, parms + RATE_SPEC_BYTES);
  // The ceil's is the same on classes of ours, and a class by tc: tc has one word for both.
  const overhead = overheadOf(view, parms);
  const at = parms + 2 * RATE_SPEC_BYTES;
  return {
    link,
    parent: tcParentOf(view, start) as TcHandle,
    classid: tcHandleOf(view, start) as TcHandle,
    leaf: tcInfoOf(view, start) as TcHandle,
    htb: {
      rateBytesPerSecond: wideRate ?? rate,
      ceilBytesPerSecond: wideCeil ?? ceil,
      bufferTicks: view.getUint32(at, true),
      cbufferTicks: view.getUint32(at + 4, true),
      quantumBytes: view.getUint32(at + 8, true),
      priority: view.getUint32(at + 16, true),
      ...(overhead === 0 ? {} : { overheadBytes: overhead }),
      ...(offload && { offload }),
    },
    sent: {
      bytes: basic === 0 ? 0n : view.getBigUint64(basic, true),
      packets:
        packets64 !== 0
          ? view.getBigUint64(packets64, true)
          : basic === 0
            ? 0n
            : BigInt(view.getUint32(basic + 8, true)),
      // struct gnet_stats_queue: qlen, backlog, drops, requeues, overlimits
      drops: queue === 0 ? 0n : BigInt(view.getUint32(queue + 8, true)),
      backlogBytes: queue === 0 ? 0n : BigInt(view.getUint32(queue + 4, true)),
    },
  };
}
