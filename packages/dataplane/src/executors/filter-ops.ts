import { type KernelOp, TC_CLSACT, tcHandle } from "@gona/kernel";
import { classidOf, FILTER_PREFERENCE } from "../hub-filters.ts";

/**
 * Attaches a program to a link's tc ingress, or replaces the one there in one atomic step. Clsact
 * is shared with others: it is added where it is missing and never taken away. tc ingress runs
 * before a bridge sees a packet, so a link that is a port of one works as well.
 */
export const attachOps = (link: string, program: string, slot: number): readonly KernelOp[] => [
  { op: "qdiscReplace", link, parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } },
  { op: "filterReplace", link, preference: FILTER_PREFERENCE, program, classid: classidOf(slot) },
];

export const detachOp = (link: string): KernelOp => ({ op: "filterDelete", link, preference: FILTER_PREFERENCE });
