import type { Facet, HubState } from "./hub-state.ts";
import type { Step } from "./step.ts";

/**
 * The state after the steps have been carried out in their order. Facets without a step are the
 * same references as in `state`.
 */
export function applySteps(state: HubState, steps: readonly Step[]): HubState {
  if (steps.length === 0) return state;
  const changed = new Map<Facet, Map<string, unknown>>();
  for (const step of steps) {
    let facet = changed.get(step.facet);
    if (facet === undefined) {
      facet = new Map<string, unknown>(state[step.facet]);
      changed.set(step.facet, facet);
    }
    if (step.kind === "set") facet.set(step.key, step.value);
    else facet.delete(step.key);
  }
  // Each map was copied from the facet of its own name and took that facet's steps alone.
  return { ...state, ...(Object.fromEntries(changed) as Partial<HubState>) };
}

/**
 * The steps that take back `steps`, the last first: what was set is set to what stood there before
 * or cleared, what was cleared is set again.
 */
export function invertSteps(steps: readonly Step[]): readonly Step[] {
  return steps.toReversed().map((step) => {
    const { facet, key } = step;
    if (step.kind === "clear") return { kind: "set", facet, key, value: step.before } as Step;
    if (step.before === undefined) return { kind: "clear", facet, key, before: step.value } as Step;
    return { kind: "set", facet, key, value: step.before, before: step.value } as Step;
  });
}
