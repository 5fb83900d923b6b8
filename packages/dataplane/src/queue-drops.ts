import type { Kernel, TcHandle } from "@gona/kernel";
import { minorKind, minorSlot } from "@gona/planner";
import { HTB_HANDLE } from "./htb.ts";

/**
 * Packets that the queues of a tree dropped, by vif slot; empty where the link is gone. `codel`: some leaf is an
 * fq_codel, which drops what it has let in: HTB's classes know nothing of that, so the leaves are asked as well, with
 * one dump of all qdiscs of the namespace.
 */
export function readQueueDrops(kernel: Kernel, link: string, codel: boolean): ReadonlyMap<number, bigint> {
  const slots = new Map<number, bigint>();
  if (kernel.link(link) === undefined) return slots;
  const inLeaves = new Map<TcHandle, bigint>();
  if (codel) for (const { parent, drops = 0 } of kernel.qdiscs(link)) inLeaves.set(parent, BigInt(drops));
  for (const { classid, sent } of kernel.classes(link)) {
    const minor = classid & 0xffff;
    if (classid >>> 16 !== HTB_HANDLE >>> 16 || minorKind(minor) === "tree" || minorKind(minor) === "pacer") continue;
    const inLeaf = inLeaves.get(classid) ?? 0n;
    // What was refused at the door counts in both.
    const drops = inLeaf > sent.drops ? inLeaf : sent.drops;
    slots.set(minorSlot(minor), (slots.get(minorSlot(minor)) ?? 0n) + drops);
  }
  return slots;
}
