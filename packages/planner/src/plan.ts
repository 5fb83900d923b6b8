import { equalData } from "./equal-data.ts";
import type { Facet, HubState, SliceKey, SliceQueue } from "./hub-state.ts";
import { sliceTransition } from "./slice-transition.ts";
import { FACET_ORDER, type SetStep, type Step } from "./step.ts";
import { endsOfTrunks } from "./trunk-plan.ts";

/**
 * The steps that turn one state into another: what differs, facet by facet; sets in FACET_ORDER,
 * then clears in the reverse order, so that what is new stands before what is old goes. A slice that
 * loses parts is set twice, the second time in the place of its clear. Total: every pair of states has
 * a plan. Deterministic: sets in the order of `desired`, clears in that of `observed`. Empty when the
 * states are alike. A facet or value that is the same reference costs nothing to compare.
 */
export function plan(observed: HubState, desired: HubState): readonly Step[] {
  const steps: Step[] = [];
  const leaving: Facet[] = [];
  let late: readonly SetStep<"slices">[] = [];
  for (const facet of FACET_ORDER) {
    if (observed[facet] === desired[facet]) continue;
    const from = steps.length;
    const met = addSets(steps, facet, observed[facet], desired[facet]);
    if (facet === "slices") late = inTwoSteps(steps, from);
    if (met < observed[facet].size || (facet === "slices" && late.length > 0)) leaving.push(facet);
  }
  for (const facet of leaving.toReversed()) {
    if (facet === "slices") steps.push(...late);
    // A half-made pair of a name that is wanted stands under it: a clear after the set would take the new one.
    const remade = facet === "trunks" ? endsOfTrunks(desired.trunks) : NONE;
    addClears(steps, facet, observed[facet], (key) => desired[facet].has(key as never) || remade.has(key));
  }
  return steps;
}

const NONE: ReadonlySet<string> = new Set();

/** Any facet: a step's key and value belong together because both come out of one facet's map. */
type AnyFacet = ReadonlyMap<string, unknown>;

/** Returns how many keys both sides have. */
function addSets(steps: Step[], facet: Facet, observed: AnyFacet, desired: AnyFacet): number {
  let met = 0;
  // What was copied to be changed has kept its order, and walking two maps costs less than looking up.
  const alongside = observed.entries();
  for (const [key, value] of desired) {
    const next = alongside.next().value;
    const before = next?.[0] === key ? next[1] : observed.get(key);
    if (before === undefined) {
      steps.push({ kind: "set", facet, key, value } as Step);
      continue;
    }
    met++;
    if (before !== value && !equalData(before, value)) steps.push({ kind: "set", facet, key, value, before } as Step);
  }
  return met;
}

/** Makes the sets of slices from place `from` on the first halves of their transitions; returns the second halves. */
function inTwoSteps(steps: Step[], from: number): readonly SetStep<"slices">[] {
  const late: SetStep<"slices">[] = [];
  let end = from;
  for (let index = from; index < steps.length; index++) {
    const step = steps[index] as SetStep<"slices">;
    const { first, last } =
      step.before === undefined ? { first: step.value } : sliceTransition(step.before, step.value);
    if (first !== undefined) steps[end++] = first === step.value ? step : { ...step, value: first };
    if (last !== undefined) late.push(setSlice(step.key, last, first ?? step.before));
  }
  steps.length = end;
  return late;
}

const setSlice = (key: SliceKey, value: SliceQueue, before: SliceQueue | undefined): SetStep<"slices"> => ({
  kind: "set",
  facet: "slices",
  key,
  value,
  ...(before && { before }),
});

function addClears(steps: Step[], facet: Facet, observed: AnyFacet, stays: (key: string) => boolean): void {
  for (const [key, before] of observed) {
    if (!stays(key)) steps.push({ kind: "clear", facet, key, before } as Step);
  }
}
