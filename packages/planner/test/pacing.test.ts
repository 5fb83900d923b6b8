import { nanoseconds } from "@gona/model";
import { describe, expect, it } from "vitest";
import { desiredState, type PreviousDesired } from "../src/desired-state.ts";
import { EMPTY_HUB, type HubState } from "../src/hub-state.ts";
import { PACE_TIMES } from "../src/pace.ts";
import { plan } from "../src/plan.ts";
import { bigHost, wholeInventory } from "./big-host.ts";

const spec = bigHost(3, 2);
const whole = wholeInventory(spec);
const late = (microseconds: number) => ({ ...whole, timerLateness: nanoseconds(microseconds * 1000) });
const depths = (hub: HubState) => new Set(Array.from(hub.slices.values(), ({ pace }) => pace?.burst));

describe("a machine measured anew", () => {
  const first = desiredState({ spec, inventory: late(100), observed: EMPTY_HUB }).hub;

  it("changes no class where it is a little faster or slower, or was not measured", () => {
    expect(depths(first)).toEqual(new Set([PACE_TIMES[0]]));
    for (const inventory of [late(400), late(20), whole]) {
      expect(plan(first, desiredState({ spec, inventory, observed: first }).hub)).toEqual([]);
    }
  });

  it("changes the pace of every slice, and nothing else, where it is another machine", () => {
    const input = { spec, inventory: late(100), observed: EMPTY_HUB };
    const previous: PreviousDesired = { ...input, desired: desiredState(input) };
    for (const memory of [undefined, previous]) {
      const { hub } = desiredState({ spec, inventory: late(900), observed: first, previous: memory });
      expect(depths(hub)).toEqual(new Set([PACE_TIMES[2]]));
      const steps = plan(first, hub);
      expect(steps.map(({ facet }) => facet)).toEqual(Array.from(first.slices, () => "slices"));
    }
  });
});
