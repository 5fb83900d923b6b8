import type { Kernel } from "@gona/kernel";
import { GonaError } from "@gona/model";
import type { SliceQueue, Step } from "@gona/planner";
import { type DrainingClass, drainClasses } from "./drain-classes.ts";
import { EXECUTORS, type Executor } from "./executors/executors.ts";
import { sliceClass } from "./htb.ts";
import { OpBatch } from "./op-batch.ts";
import { StepError } from "./step-error.ts";

/** Operations that are gathered before the event loop has its turn. */
const OPS_PER_BATCH = 2048;

export interface ExecuteOptions {
  /** Told of each step once all its operations were carried out. */
  readonly onStep?: (step: Step) => void;
}

/**
 * Carries steps out in their order, in as few batches as can be. Throws StepError at the first that
 * fails. What was carried out until then stands (`onStep` was told of it, and perhaps more), so
 * observe before going on.
 */
export async function executeSteps(
  kernel: Kernel,
  steps: readonly Step[],
  options: ExecuteOptions = {},
): Promise<void> {
  const batch = new OpBatch(kernel, options.onStep);
  for (const [index, step] of steps.entries()) {
    if (isLeaving(step) && (index === 0 || !isLeaving(steps[index - 1] as Step))) {
      await emptyQueues(batch, steps.slice(index).filter(isLeaving));
    }
    batch.begin(step);
    try {
      // One awaited promise a step would cost more than most steps do.
      const pending = compile(step, batch);
      if (pending !== undefined) await pending;
    } catch (error) {
      if (error instanceof GonaError && !(error instanceof StepError)) throw new StepError(step, error);
      throw error;
    }
    if (batch.size >= OPS_PER_BATCH) await batch.flush();
  }
  await emptyQueues(batch, []);
  await batch.finish();
}

type LeavingSlice = Extract<Step, { facet: "slices"; kind: "clear" }>;
const isLeaving = (step: Step): step is LeavingSlice => step.kind === "clear" && step.facet === "slices";

/**
 * Before slices and parts go, whose traffic the steps until now have moved elsewhere: what still
 * waits in them is let out first, in one go. The parts go then.
 */
async function emptyQueues(batch: OpBatch, slices: readonly LeavingSlice[]): Promise<void> {
  const parts = batch.takeLeaving();
  if (parts.length === 0 && slices.length === 0) return;
  await batch.flush();
  await drainClasses(batch.kernel, [...parts, ...slices.flatMap(({ before }) => leavesOf(before))]);
  for (const part of parts) batch.deleteClass(part);
}

/** The classes of a slice that hold packets. */
const leavesOf = ({ link, vifSlot, parts }: SliceQueue): readonly DrainingClass[] =>
  [0, ...parts.map(({ part }) => part)].map((part) => ({ link, classid: sliceClass(vifSlot, part) }));

function compile(step: Step, batch: OpBatch): void | Promise<void> {
  // A step's key and value fit its facet's executor by the type of Step, which a lookup loses.
  const executor = EXECUTORS[step.facet] as unknown as Executor<"vifs">;
  return step.kind === "set"
    ? executor.set(step as Parameters<typeof executor.set>[0], batch)
    : executor.clear(step as Parameters<typeof executor.clear>[0], batch);
}
