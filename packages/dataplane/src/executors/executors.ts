import type { ClearStep, Facet, SetStep } from "@gona/planner";
import type { OpBatch } from "../op-batch.ts";
import { bypassExecutor } from "./bypass-executor.ts";
import { nicExecutor, nicFilterExecutor } from "./nic-executors.ts";
import { sliceExecutor } from "./slice-executor.ts";
import { spineExecutor, spineFilterExecutor } from "./spine-executors.ts";
import { addressExecutor, segmentExecutor, stationExecutor, trafficRuleExecutor } from "./table-executors.ts";
import { treeExecutor } from "./tree-executor.ts";
import { domainFilterExecutor, trunkExecutor } from "./trunk-executors.ts";
import { vifExecutor, vifFilterExecutor, vifLinkExecutor } from "./vif-executors.ts";

/** Turns the steps of one facet into operations. Throws GonaError. */
export interface Executor<F extends Facet> {
  set(step: SetStep<F>, batch: OpBatch): void | Promise<void>;
  /** What is gone already, with its link, is no error. */
  clear(step: ClearStep<F>, batch: OpBatch): void | Promise<void>;
}

/** Does not compile while a facet lacks its executor. */
export const EXECUTORS: { readonly [F in Facet]: Executor<F> } = {
  vifLinks: vifLinkExecutor,
  spines: spineExecutor,
  trunks: trunkExecutor,
  spineFilters: spineFilterExecutor,
  domainFilters: domainFilterExecutor,
  trafficRules: trafficRuleExecutor,
  nics: nicExecutor,
  trees: treeExecutor,
  slices: sliceExecutor,
  bypasses: bypassExecutor,
  vifs: vifExecutor,
  stations: stationExecutor,
  addresses: addressExecutor,
  segments: segmentExecutor,
  nicFilters: nicFilterExecutor,
  vifFilters: vifFilterExecutor,
};
