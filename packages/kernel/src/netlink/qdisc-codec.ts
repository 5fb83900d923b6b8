import type { Qdisc, TcHandle } from "../kernel-op.ts";
import { AttributeCursor } from "./attribute-cursor.ts";
import * as nl from "./constants.ts";
import type { MessageWriter } from "./message-writer.ts";
import {
  RATE_SPEC_BYTES,
  rateOf,
  TC_HEADER_BYTES,
  tcHandleOf,
  tcIfindex,
  tcParentOf,
  writeRateSpec,
  writeTcHeader,
} from "./tc-header.ts";

/** HTB's version 3 and rate2quantum 10, as tc sends; every class of ours has a quantum of its own. */
const HTB_VERSION = 3;
const HTB_RATE_TO_QUANTUM = 10;

export interface QdiscMessage {
  readonly ifindex: number;
  readonly parent: TcHandle;
  readonly handle: TcHandle;
  readonly qdisc: Qdisc;
  /** Packets; undefined in what tells none. */
  readonly drops?: number;
}

/** Throws RangeError for a kind that can only be read. */
export function writeQdisc(
  writer: MessageWriter,
  ifindex: number,
  parent: TcHandle,
  handle: TcHandle,
  qdisc: Qdisc,
): void {
  writeTcHeader(writer, ifindex, handle, parent);
  writer.attributeText(nl.TCA_KIND, qdisc.kind);
  switch (qdisc.kind) {
    case "clsact":
      // No options: with them the kernel refuses to "change" a clsact that is there already.
      return;
    case "htb": {
      const options = writer.open(nl.TCA_OPTIONS);
      const init = writer.open(nl.TCA_HTB_INIT, false);
      writer.u32(HTB_VERSION).u32(HTB_RATE_TO_QUANTUM).u32(qdisc.defaultMinor).u32(0).u32(0);
      writer.close(init);
      writer.attributeU32(nl.TCA_HTB_DIRECT_QLEN, qdisc.directQueueLength);
      if (qdisc.offload) writer.attributeFlag(nl.TCA_HTB_OFFLOAD);
      writer.close(options);
      return;
    }
    case "bfifo":
      writer.u16(8).u16(nl.TCA_OPTIONS).u32(qdisc.limitBytes);
      return;
    case "pfifo":
      writer.u16(8).u16(nl.TCA_OPTIONS).u32(qdisc.limitPackets);
      return;
    case "tbf": {
      const options = writer.open(nl.TCA_OPTIONS);
      const parms = writer.open(nl.TCA_TBF_PARMS, false);
      writeRateSpec(writer, qdisc.rateBytesPerSecond);
      writeRateSpec(writer, 0);
      writer.u32(qdisc.limitBytes).u32(qdisc.bufferTicks).u32(0);
      writer.close(parms);
      if (qdisc.rateBytesPerSecond >= 2 ** 32) writer.attributeU64(nl.TCA_TBF_RATE64, qdisc.rateBytesPerSecond);
      writer.close(options);
      return;
    }
    case "fq_codel": {
      const options = writer.open(nl.TCA_OPTIONS);
      writer.attributeU32(nl.TCA_FQ_CODEL_LIMIT, qdisc.limitPackets);
      if (qdisc.flows !== undefined) writer.attributeU32(nl.TCA_FQ_CODEL_FLOWS, qdisc.flows);
      writer.attributeU32(nl.TCA_FQ_CODEL_QUANTUM, qdisc.quantumBytes);
      writer.attributeU32(nl.TCA_FQ_CODEL_INTERVAL, qdisc.intervalUs);
      writer.attributeU32(nl.TCA_FQ_CODEL_TARGET, qdisc.targetUs);
      writer.attributeU32(nl.TCA_FQ_CODEL_ECN, qdisc.ecn ? 1 : 0);
      writer.attributeU32(nl.TCA_FQ_CODEL_MEMORY_LIMIT, qdisc.memoryLimitBytes);
      writer.close(options);
      return;
    }
    case "fq": {
      const options = writer.open(nl.TCA_OPTIONS);
      writer.attributeU32(nl.TCA_FQ_PLIMIT, qdisc.limitPackets);
      writer.attributeU32(nl.TCA_FQ_FLOW_PLIMIT, qdisc.flowLimitPackets);
      writer.close(options);
      return;
    }
    case "other":
      throw new RangeError(`a ${qdisc.name} qdisc can only be read`);
  }
}

export function decodeQdisc(view: DataView, start: number, end: number): QdiscMessage {
  let kind = "";
  let options: AttributeCursor | undefined;
  let at = 0;
  let drops: number | undefined;
  const cursor = new AttributeCursor(view, start + TC_HEADER_BYTES, end);
  while (cursor.next()) {
    if (cursor.type === nl.TCA_KIND) kind = cursor.text;
    else if (cursor.type === nl.TCA_OPTIONS) {
      options = cursor.nested();
      at = cursor.start;
    } else if (cursor.type === nl.TCA_STATS2) drops = decodeDrops(view, cursor.nested());
  }
  return {
    ifindex: tcIfindex(view, start),
    parent: tcParentOf(view, start) as TcHandle,
    handle: tcHandleOf(view, start) as TcHandle,
    qdisc: decodeOptions(kind, view, at, options),
    ...(drops === undefined ? {} : { drops }),
  };
}

/** struct gnet_stats_queue: qlen, backlog, drops … */
function decodeDrops(view: DataView, statistics: AttributeCursor): number | undefined {
  while (statistics.next())
    if (statistics.type === nl.TCA_STATS_QUEUE) return view.getUint32(statistics.start + 8, true);
  return undefined;
}

function decodeOptions(kind: string, view: DataView, at: number, options: AttributeCursor | undefined): Qdisc {
  if (kind === "clsact") return { kind };
  if (options === undefined) return { kind: "other", name: kind };
  switch (kind) {
    case "bfifo":
      return { kind, limitBytes: view.getUint32(at, true) };
    case "pfifo":
      return { kind, limitPackets: view.getUint32(at, true) };
    case "htb": {
      let defaultMinor = 0;
      let directQueueLength = 0;
      let offload = false;
      while (options.next()) {
        if (options.type === nl.TCA_HTB_INIT) defaultMinor = view.getUint32(options.start + 8, true);
        if (options.type === nl.TCA_HTB_DIRECT_QLEN) directQueueLength = options.u32;
        if (options.type === nl.TCA_HTB_OFFLOAD) offload = true;
      }
      return { kind, defaultMinor, directQueueLength, ...(offload && { offload }) };
    }
    case "tbf": {
      let rateBytesPerSecond = 0;
      let wide: number | undefined;
      let limitBytes = 0;
      let bufferTicks = 0;
      while (options.next()) {
        if (options.type === nl.TCA_TBF_RATE64) wide = options.u64;
        if (options.type !== nl.TCA_TBF_PARMS) continue;
        rateBytesPerSecond = rateOf(view, options.start);
        limitBytes = view.getUint32(options.start + 2 * RATE_SPEC_BYTES, true);
        bufferTicks = view.getUint32(options.start + 2 * RATE_SPEC_BYTES + 4, true);
      }
      return { kind, rateBytesPerSecond: wide ?? rateBytesPerSecond, bufferTicks, limitBytes };
    }
    case "fq_codel":
      return decodeFqCodel(options);
    case "fq": {
      const values = numbersOf(options, [nl.TCA_FQ_PLIMIT, nl.TCA_FQ_FLOW_PLIMIT]);
      return { kind, limitPackets: values(nl.TCA_FQ_PLIMIT), flowLimitPackets: values(nl.TCA_FQ_FLOW_PLIMIT) };
    }
    default:
      return { kind: "other", name: kind };
  }
}

/** Attributes of 32 bits; of those of other sizes nothing is read. */
function numbersOf(options: AttributeCursor, types: readonly number[]): (type: number) => number {
  const values = new Map<number, number>();
  while (options.next()) if (types.includes(options.type)) values.set(options.type, options.u32);
  return (type) => values.get(type) ?? 0;
}

function decodeFqCodel(options: AttributeCursor): Qdisc {
  const values = new Map<number, number>();
  while (options.next()) values.set(options.type, options.u32);
  const of = (type: number): number => values.get(type) ?? 0;
  return {
    kind: "fq_codel",
    limitPackets: of(nl.TCA_FQ_CODEL_LIMIT),
    flows: of(nl.TCA_FQ_CODEL_FLOWS),
    targetUs: of(nl.TCA_FQ_CODEL_TARGET),
    intervalUs: of(nl.TCA_FQ_CODEL_INTERVAL),
    quantumBytes: of(nl.TCA_FQ_CODEL_QUANTUM),
    memoryLimitBytes: of(nl.TCA_FQ_CODEL_MEMORY_LIMIT),
    ecn: of(nl.TCA_FQ_CODEL_ECN) !== 0,
  };
}
