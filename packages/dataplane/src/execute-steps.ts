import type { Kernel } from "@gona/kernel";
import { GonaError } from "@gona/model";
import type { Step } from "@gona/planner";
import { drainClasses } from "./drain-classes.ts";
import { EXECUTORS, type Executor } from "./executors/executors.ts";
import { leavingClasses } from "./leaving-classes.ts";
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
  let emptied = false;
  for (const [index, step] of steps.entries()) {
    if (!emptied && leavingClasses(step).length > 0) {
      // The steps until now have moved the traffic elsewhere; all that goes is let out in one go.
      await batch.flush();
      await drainClasses(kernel, steps.slice(index).flatMap(leavingClasses));
      emptied = true;
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
  await batch.finish();
}

function compile(step: Step, batch: OpBatch): void | Promise<void> {
  // A step's key and value fit its facet's executor by the type of Step, which a lookup loses.
  const executor = EXECUTORS[step.facet] as unknown as Executor<"vifs">;
  return step.kind === "set"
    ? executor.set(step as Parameters<typeof executor.set>[0], batch)
    : executor.clear(step as Parameters<typeof executor.clear>[0], batch);
}
