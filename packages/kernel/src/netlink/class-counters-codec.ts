import type { ClassCounterSink } from "../kernel.ts";
import * as nl from "./constants.ts";
import { TC_HEADER_BYTES, tcHandleOf } from "./tc-header.ts";

const ATTRIBUTE_BYTES = 4;
const LOW_HALF = 2 ** 32;

/**
 * Hands on the counters of one class and reads nothing else: some microseconds less than a whole
 * class, which counts where thousands are read each second. For HTB's classes; the caller asks links
 * whose root qdisc is HTB, and tells the classes of its leaves apart by their major number.
 */
export function takeClassCounters(view: DataView, start: number, end: number, sink: ClassCounterSink): void {
  for (let at = start + TC_HEADER_BYTES; at + ATTRIBUTE_BYTES <= end; ) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_BYTES) return;
    if ((view.getUint16(at + 2, true) & nl.NLA_TYPE_MASK) === nl.TCA_STATS2) {
      takeStatistics(view, at + ATTRIBUTE_BYTES, at + length, tcHandleOf(view, start), sink);
      return;
    }
    at += (length + 3) & ~3;
  }
}

function takeStatistics(view: DataView, start: number, end: number, classid: number, sink: ClassCounterSink): void {
  let bytes = 0;
  let packets = 0;
  let drops = 0;
  let backlogBytes = 0;
  let ceilTokens = 0;
  for (let at = start; at + ATTRIBUTE_BYTES <= end; ) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_BYTES) break;
    const value = at + ATTRIBUTE_BYTES;
    switch (view.getUint16(at + 2, true) & nl.NLA_TYPE_MASK) {
      case nl.TCA_STATS_BASIC:
        bytes = view.getUint32(value, true) + view.getUint32(value + 4, true) * LOW_HALF;
        // 32 bits, where there is no 64-bit attribute.
        if (packets === 0) packets = view.getUint32(value + 8, true);
        break;
      case nl.TCA_STATS_PKT64:
        packets = view.getUint32(value, true) + view.getUint32(value + 4, true) * LOW_HALF;
        break;
      case nl.TCA_STATS_QUEUE:
        // struct gnet_stats_queue: qlen, backlog, drops, requeues, overlimits
        backlogBytes = view.getUint32(value + 4, true);
        drops = view.getUint32(value + 8, true);
        break;
      case nl.TCA_STATS_APP:
        // struct tc_htb_xstats: lends, borrows, giants, tokens, ctokens
        if (length >= ATTRIBUTE_BYTES + 20) ceilTokens = view.getInt32(value + 16, true);
        break;
    }
    at += (length + 3) & ~3;
  }
  sink.take(classid, bytes, packets, drops, backlogBytes, ceilTokens);
}
