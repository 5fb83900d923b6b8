import { equalData } from "./equal-data.ts";
import type { Facet, HubState } from "./hub-state.ts";
import { FACET_ORDER, type Step } from "./step.ts";

/**
 * The steps that turn one state into another: what differs, facet by facet; sets in FACET_ORDER,
 * then clears in the reverse order, so that what is new stands before what is old goes. Total: every
 * pair of states has a plan. Deterministic: sets in the order of `desired`, clears in that of
 * `observed`. Empty when the states are alike. A facet or value that is the same reference costs
 * nothing to compare.
 */
export function plan(observed: HubState, desired: HubState): readonly Step[] {
  const steps: Step[] = [];
  for (const facet of FACET_ORDER) addSets(steps, facet, observed[facet], desired[facet]);
  for (const facet of FACET_ORDER.toReversed()) addClears(steps, facet, observed[facet], desired[facet]);
  return steps;
}

/** Any facet: a step's key and value belong together because both come out of one facet's map. */
type AnyFacet = ReadonlyMap<string, unknown>;

function addSets(steps: Step[], facet: Facet, observed: AnyFacet, desired: AnyFacet): void {
  if (observed === desired) return;
  for (const [key, value] of desired) {
    const before = observed.get(key);
    if (before === undefined) steps.push({ kind: "set", facet, key, value } as Step);
    else if (!equalData(before, value)) steps.push({ kind: "set", facet, key, value, before } as Step);
  }
}

function addClears(steps: Step[], facet: Facet, observed: AnyFacet, desired: AnyFacet): void {
  if (observed === desired) return;
  for (const [key, before] of observed) {
    if (!desired.has(key)) steps.push({ kind: "clear", facet, key, before } as Step);
  }
}
