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

describe("a crowded NIC", () => {
  const paced = (hub: HubState) => [...hub.slices.values()].filter(({ pace }) => pace !== undefined).length;
  const hubOf = (guests: number, observed: HubState) => {
    const crowd = bigHost(guests, 1);
    return desiredState({ spec: crowd, inventory: wholeInventory(crowd), observed }).hub;
  };

  it("gives new slices no pacer, and takes none from those that stand", () => {
    const few = hubOf(256, EMPTY_HUB);
    expect(paced(few)).toBe(256);
    const many = hubOf(300, few);
    expect([many.slices.size, paced(many)]).toEqual([300, 256]);
    expect(plan(many, hubOf(300, many))).toEqual([]);
    expect(paced(hubOf(300, EMPTY_HUB))).toBe(0);
  });

  it("gives none to those that stand when the crowd is gone: HTB moves no class", () => {
    const few = hubOf(200, hubOf(300, EMPTY_HUB));
    expect([few.slices.size, paced(few)]).toEqual([200, 0]);
  });
});

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
