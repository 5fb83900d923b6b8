/**
 * What planning costs on a host of 1,000 guests x 4 NICs: `node packages/planner/test/measure-big-host.ts`,
 * with `rich` behind it where every guest has ingress, caps, classes and a latency goal. Prints the median and the slowest of 30 runs in milliseconds; nothing is asserted.
 */
import type { GuestSpec, HostSpec } from "@gona/model";
import { applySteps } from "../src/apply-steps.ts";
import { desiredState } from "../src/desired-state.ts";
import { EMPTY_HUB } from "../src/hub-state.ts";
import { plan } from "../src/plan.ts";
import * as big from "./big-host.ts";
import { richGuest } from "./rich-guest.ts";

const enrich = process.argv[2] === "rich" ? richGuest : (guest: GuestSpec) => guest;
const bigGuest = (index: number, on: readonly string[], limit?: number) => enrich(big.bigGuest(index, on, limit));
const bigHost = (guests: number): HostSpec => {
  const host = big.bigHost(guests);
  return { ...host, guests: host.guests.map(enrich) };
};

const spec = bigHost(1000);
const inventory = big.wholeInventory(spec);
const nics = spec.nics.map((nic) => nic.name);
let desired = desiredState({ spec, inventory, observed: EMPTY_HUB });
let observed = applySteps(EMPTY_HUB, plan(EMPTY_HUB, desired.hub));
let previous = { spec, inventory, desired };

function measure(name: string, run: (round: number) => number): void {
  const times: number[] = [];
  let steps = 0;
  for (let round = 0; round < 30; round++) {
    const start = performance.now();
    steps = run(round);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(`${name}: ${times[15]?.toFixed(2)} ms, slowest ${times[29]?.toFixed(2)} ms, ${steps} steps`);
}

measure("from zero", () => plan(EMPTY_HUB, desiredState({ spec, inventory, observed: EMPTY_HUB }).hub).length);
measure("unchanged, same references", () => {
  const again = desiredState({ spec, inventory, observed, previous });
  return plan(observed, again.hub).length;
});
measure("unchanged, the spec parsed anew", () => {
  const again = desiredState({ spec: bigHost(1000), inventory, observed, previous });
  return plan(observed, again.hub).length;
});
const reread = structuredClone(observed);
measure("unchanged, the kernel read anew", () => {
  const again = desiredState({ spec, inventory, observed: reread, previous });
  return plan(reread, again.hub).length;
});
measure("unchanged, no memory", () => plan(reread, desiredState({ spec, inventory, observed: reread }).hub).length);
measure("one guest changed", (round) => {
  const guests = spec.guests.map((guest, index) => (index === 500 ? bigGuest(500, nics, 50 + round) : guest));
  const changed = { ...spec, guests };
  desired = desiredState({ spec: changed, inventory, observed, previous });
  const steps = plan(observed, desired.hub);
  observed = applySteps(observed, steps);
  previous = { spec: changed, inventory, desired };
  return steps.length;
});
