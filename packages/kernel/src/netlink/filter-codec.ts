import type { FilterState } from "../kernel.ts";
import { AttributeCursor } from "./attribute-cursor.ts";
import * as nl from "./constants.ts";
import type { MessageWriter } from "./message-writer.ts";
import { TC_HEADER_BYTES, tcHandleOf, tcInfoOf, writeTcHeader } from "./tc-header.ts";

/** Parents of filters on the sides of clsact. */
export const CLSACT_INGRESS = 0xfffffff2;
const CLSACT_EGRESS = 0xfffffff3;
const sideOf = (hook: "egress" | undefined): number => (hook === undefined ? CLSACT_INGRESS : CLSACT_EGRESS);
/** One program per preference. With its handle named, a request replaces it in one atomic step. */
const HANDLE = 1;

export interface BpfFilter {
  /** Absent: ingress. */
  readonly hook?: "egress" | undefined;
  readonly preference: number;
  readonly programFd: number;
  /** At most 255 bytes. */
  readonly name: string;
  /** Becomes skb->tc_classid before the program runs; 16 bits reach it. */
  readonly classid: number;
}

export function writeBpfFilter(writer: MessageWriter, ifindex: number, filter: BpfFilter): void {
  writeTcHeader(writer, ifindex, HANDLE, sideOf(filter.hook), filterInfo(filter.preference));
  writer.attributeText(nl.TCA_KIND, "bpf");
  const options = writer.open(nl.TCA_OPTIONS);
  writer.attributeU32(nl.TCA_BPF_CLASSID, filter.classid);
  writer.attributeU32(nl.TCA_BPF_FD, filter.programFd);
  writer.attributeText(nl.TCA_BPF_NAME, filter.name);
  writer.attributeU32(nl.TCA_BPF_FLAGS, nl.TCA_BPF_FLAG_ACT_DIRECT);
  writer.close(options);
}

/** All filters of a preference; other kinds than BPF are refused by the kernel. */
export function writeFilterDelete(writer: MessageWriter, ifindex: number, preference: number): void {
  writeTcHeader(writer, ifindex, HANDLE, CLSACT_INGRESS, filterInfo(preference));
  writer.attributeText(nl.TCA_KIND, "bpf");
}

export function writeFilterQuery(writer: MessageWriter, ifindex: number, hook?: "egress"): void {
  writeTcHeader(writer, ifindex, 0, sideOf(hook));
}

/** Undefined for a message that is no BPF program: other kinds, and the preference itself. */
export function decodeBpfFilter(link: string, view: DataView, start: number, end: number): FilterState | undefined {
  if (tcHandleOf(view, start) === 0) return undefined;
  const filter = { link, preference: tcInfoOf(view, start) >>> 16, program: "", programId: 0, classid: 0 };
  const cursor = new AttributeCursor(view, start + TC_HEADER_BYTES, end);
  while (cursor.next()) {
    if (cursor.type === nl.TCA_KIND && cursor.text !== "bpf") return undefined;
    if (cursor.type !== nl.TCA_OPTIONS) continue;
    for (const option = cursor.nested(); option.next(); ) {
      if (option.type === nl.TCA_BPF_NAME) filter.program = option.text;
      else if (option.type === nl.TCA_BPF_ID) filter.programId = option.u32;
      else if (option.type === nl.TCA_BPF_CLASSID) filter.classid = option.u32;
    }
  }
  return filter;
}

/** Preference and protocol (all), the latter in network byte order. */
const filterInfo = (preference: number): number => ((preference << 16) | (nl.ETH_P_ALL << 8)) >>> 0;
