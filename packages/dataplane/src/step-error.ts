import { GonaError } from "@gona/model";
import type { Step } from "@gona/planner";

/** A step failed; the steps before it stand. The kernel's own words are in the message and in `cause`. */
export class StepError extends GonaError {
  readonly step: Step;

  constructor(step: Step, cause: GonaError) {
    super(cause.code, `${step.kind} ${step.facet} "${step.key}": ${cause.message}`, cause.detail, { cause });
    this.step = step;
  }
}
