import type { Kernel } from "@gona/kernel";
import { isBetween, type SliceQueue, type Step } from "@gona/planner";
import { type DrainingClass, drainClasses } from "./drain-classes.ts";
import { sliceClass } from "./htb.ts";

/** The classes that a step makes beside others of its slice, whose turn it is until they are empty. */
export function yieldingClasses(step: Step): readonly DrainingClass[] {
  if (step.kind !== "set" || step.facet !== "slices" || step.before === undefined || !isBetween(step.value)) return [];
  const { link, vifSlot } = step.value;
  const were = new Set(holding(step.before));
  return holding(step.value).flatMap((part) => (were.has(part) ? [] : [{ link, classid: sliceClass(vifSlot, part) }]));
}

const holding = ({ leaf, parts }: SliceQueue): readonly number[] => [
  ...(leaf === null ? [] : [0]),
  ...parts.map(({ part }) => part),
];

/**
 * HTB gives a new class tokens for one packet, with which that would go before what waits in older classes. So
 * one of no use takes them first. Returns when it has left; at once on a link that is down. Throws KernelError.
 */
export async function spendFirstTokens(kernel: Kernel, classes: readonly DrainingClass[]): Promise<void> {
  const ready = classes.filter(({ link }) => kernel.link(link)?.carrier);
  for (const { link, classid } of ready) kernel.sendToSelf(link, classid);
  await drainClasses(kernel, ready);
}
