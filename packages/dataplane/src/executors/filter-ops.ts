import { type Kernel, TC_CLSACT, tcHandle } from "@gona/kernel";
import { GonaError } from "@gona/model";
import { ATTACHED, classidOf, FILTER_PREFERENCE } from "../hub-filters.ts";
import type { OpBatch } from "../op-batch.ts";

export interface Attachment {
  readonly link: string;
  readonly program: string;
  readonly slot: number;
  /** Whether a filter of ours is known to stand there: then nobody else's can. */
  readonly known: boolean;
}

/**
 * Attaches a program to a link's tc ingress, or replaces the one there in one atomic step. Clsact
 * is shared with others: it is added where it is missing and never taken away. tc ingress runs
 * before a bridge sees a packet, so a link that is a port of one works as well. Throws FOREIGN_STATE.
 */
export function attach(batch: OpBatch, { link, program, slot, known }: Attachment): void {
  if (!known && batch.linkBefore(link) !== undefined) refuseForeign(batch.kernel, link);
  batch.attached.add(link);
  batch.push(
    { op: "qdiscReplace", link, parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } },
    { op: "filterReplace", link, preference: FILTER_PREFERENCE, program, classid: classidOf(slot) },
  );
}

/** The same on the egress side of a link that GONA made. */
export function attachEgress(
  batch: OpBatch,
  { link, program, slot }: Pick<Attachment, "link" | "program" | "slot">,
): void {
  batch.attached.add(link);
  batch.push(
    { op: "qdiscReplace", link, parent: TC_CLSACT, handle: tcHandle(0xffff, 0), qdisc: { kind: "clsact" } },
    { op: "filterReplace", link, hook: "egress", preference: FILTER_PREFERENCE, program, classid: classidOf(slot) },
  );
}

/** Takes our filter from a link, but not one that came there meanwhile: a NIC that became a vif keeps the vif's. */
export async function detach(batch: OpBatch, link: string): Promise<void> {
  if (batch.attached.has(link) || (await batch.link(link)) === undefined) return;
  batch.push({ op: "filterDelete", link, preference: FILTER_PREFERENCE });
}

function refuseForeign(kernel: Kernel, link: string): void {
  const there = kernel.filters(link).find(({ preference }) => preference === FILTER_PREFERENCE);
  if (there === undefined || ATTACHED.has(there.program)) return;
  throw new GonaError("FOREIGN_STATE", `${link} has a filter that is not GONA's in the place of GONA's`, {
    found: `ingress pref ${FILTER_PREFERENCE} bpf ${there.program}`,
    hint: `tc filter delete dev ${link} ingress pref ${FILTER_PREFERENCE}`,
  });
}
