import { GonaError } from "@gona/model";
import type { ClearStep, Facet, SetStep } from "@gona/planner";
import type { OpBatch } from "../op-batch.ts";
import { nicExecutor, nicFilterExecutor } from "./nic-executors.ts";
import { sliceExecutor, treeExecutor } from "./queue-executors.ts";
import { addressExecutor, segmentExecutor, stationExecutor } from "./table-executors.ts";
import { vifExecutor, vifFilterExecutor, vifLinkExecutor } from "./vif-executors.ts";

/** Turns the steps of one facet into operations. Throws GonaError. */
export interface Executor<F extends Facet> {
  set(step: SetStep<F>, batch: OpBatch): void | Promise<void>;
  /** What is gone already, with its link, is no error. */
  clear(step: ClearStep<F>, batch: OpBatch): void | Promise<void>;
}

// The planner makes no such entries yet.
const notYet = { set: refuse, clear: refuse };
function refuse(): never {
  throw new GonaError("BUG", "this facet has no executor yet");
}

/** Does not compile while a facet lacks its executor. */
export const EXECUTORS: { readonly [F in Facet]: Executor<F> } = {
  vifLinks: vifLinkExecutor,
  spines: notYet,
  spineFilters: notYet,
  trafficRules: notYet,
  nics: nicExecutor,
  trees: treeExecutor,
  slices: sliceExecutor,
  vifs: vifExecutor,
  stations: stationExecutor,
  addresses: addressExecutor,
  segments: segmentExecutor,
  nicFilters: nicFilterExecutor,
  vifFilters: vifFilterExecutor,
};
