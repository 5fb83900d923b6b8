import type { SliceQueue, Step } from "@gona/planner";
import type { DrainingClass } from "./drain-classes.ts";
import { sliceClass } from "./htb.ts";

/**
 * The classes whose queue a step throws away: those of a slice or part that goes, and of a slice that
 * changes between a leaf and parts. None of one that is broken: nobody knows what is there.
 */
export function leavingClasses(step: Step): readonly DrainingClass[] {
  if (step.facet !== "slices" || step.before === undefined || step.before.stale) return [];
  const { before } = step;
  const kept = new Set(step.kind === "set" ? holding(step.value) : []);
  return holding(before).flatMap((part) =>
    kept.has(part) ? [] : [{ link: before.link, classid: sliceClass(before.vifSlot, part) }],
  );
}

/** The parts that hold packets; 0: the slice's own class. */
const holding = ({ leaf, parts }: SliceQueue): readonly number[] => [
  ...(leaf === null ? [] : [0]),
  ...parts.map(({ part }) => part),
];
